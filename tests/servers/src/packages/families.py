"""Parses an OpenMetrics exposition as the package prometheus_client does."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

families = text_string_to_metric_families(json.load(sys.stdin))
print(json.dumps({family.name: family.type for family in families}))
