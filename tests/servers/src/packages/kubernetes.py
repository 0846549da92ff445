"""Reads manifests, and validates them with the package kubernetes-validate."""

import json
import sys

import kubernetes_validate
import yaml

ask = json.load(sys.stdin)
objects = [it for text in ask["manifests"] for it in yaml.safe_load_all(text) if it]
findings, foreign = [], set()
for it in objects:
    for version in ask["versions"]:
        try:
            kubernetes_validate.validate(it, version, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            foreign.add(it["kind"])
        except kubernetes_validate.ValidationError as error:
            where = ".".join(str(step) for step in error.path)
            findings.append(f"{it['kind']} in {version}: {where}: {error.message}")
print(json.dumps({"objects": objects, "findings": findings, "foreign": sorted(foreign)}))
