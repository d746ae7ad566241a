#!/usr/bin/env python3
# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
"""The policies of this tree against the schema that editors are given."""
import json
import pathlib
import sys

import jsonschema

here = pathlib.Path(__file__).parent
schema = json.loads((here / "policy.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for name in [here / "default.json", *map(pathlib.Path, sys.argv[1:])]:
    validator.validate(json.loads(name.read_text()))

policy = json.loads((here / "default.json").read_text())
policy["rules"][0]["hold_ms"] = 1
if validator.is_valid(policy):
    sys.exit("a key that nobody knows is valid")
