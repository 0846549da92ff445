"""Cuts texts as the package smsutil does: a JSON string a line in, and for each a line out with
the encoding, the septets or UTF-16 units, the parts, and the whole text encoded, in hexadecimal."""

import json
import sys

import smsutil

UNITS = {"gsm0338": 1, "utf_16_be": 2}

for line in sys.stdin:
    text = json.loads(line)
    cut = smsutil.split(text)
    print(
        json.dumps(
            {
                "encoding": cut.encoding,
                "units": cut.total_bytes // UNITS[cut.encoding],
                "parts": [part.content for part in cut.parts],
                "octets": smsutil.encode(text).hex(),
            }
        )
    )
