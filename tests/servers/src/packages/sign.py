"""Signs a webhook as the package standardwebhooks does."""

import datetime
import json
import sys

from standardwebhooks import Webhook

ask = json.load(sys.stdin)
when = datetime.datetime.fromtimestamp(ask["timestamp"], tz=datetime.timezone.utc)
print(json.dumps(Webhook(ask["secret"]).sign(ask["id"], when, ask["body"])))
