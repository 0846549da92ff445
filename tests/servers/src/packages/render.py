"""Renders and lints a chart with Helm's engine, once for each release."""

import json
import sys

from helm_python import Chart, HelmRenderError, HelmValuesError, lint, values_from_yaml

WARNING = 2


def put_over(below, above):
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            put_over(below[key], value)
        else:
            below[key] = value


def render(chart, values):
    try:
        return {"Ok": chart.render(values, name="amt", namespace="post")}
    except (HelmRenderError, HelmValuesError) as error:
        return {"Err": str(error)}


def findings(path, values):
    report = lint(path, values, strict=True)
    messages = [m for m in report["messages"] if m["severity"] >= WARNING]
    return [f"{m['path']}: {m['error']}" for m in messages]


ask = json.load(sys.stdin)
answers = []
with Chart.load(ask["chart"]) as chart:
    for layers in ask["releases"]:
        values = {}
        for layer in layers:
            put_over(values, values_from_yaml(layer))
        lints = findings(ask["chart"], values)
        answers.append({"values": values, "result": render(chart, values), "lint": lints})
print(json.dumps(answers))
