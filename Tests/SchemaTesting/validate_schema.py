# Part of daqd
# SPDX-License-Identifier: MIT
"""Checks a JSON Schema, then JSON or YAML files against it: one line each, `ok` or the complaint."""
import json
import sys

import jsonschema
import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        document = json.load(file) if path.endswith(".json") else yaml.safe_load(file)
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    print("ok" if error is None else error.message.replace("\n", " "))
