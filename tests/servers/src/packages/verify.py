"""Verifies a webhook as the package standardwebhooks does: says null, or why not."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

ask = json.load(sys.stdin)
try:
    Webhook(ask["secret"]).verify(ask["body"], ask["headers"])
    print("null")
except WebhookVerificationError as error:
    print(json.dumps(str(error)))
