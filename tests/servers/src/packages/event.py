"""Puts an event into headers and a body as the package cloudevents does."""

import json
import sys

from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

ask = json.load(sys.stdin)
event = CloudEvent(attributes=ask["attributes"], data=ask["data"])
message = (to_binary if ask["binary"] else to_structured)(event, JSONFormat())
print(json.dumps([list(message.headers.items()), message.body.decode()]))
