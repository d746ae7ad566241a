#!/usr/bin/env python3
# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
"""Holds layouts against layouts/schema/layout.schema.json with an existing validator.

usage: schema_test.py DEFIB SCHEMA VMLINUZ_KERNEL [LAYOUT...]

A layout made now and every LAYOUT must be valid. Then each rule of the schema is broken once: the
validator and defib's own reader must both refuse.
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

sys.dont_write_bytecode = True  # the import below would leave a __pycache__ in the tree
from oracle_btf import kernel_file  # noqa: E402

LARGEST = 64 * 1024


def without(key):
    return lambda parent: parent.pop(key)


def put(key, value):
    return lambda parent: parent.__setitem__(key, value)


# Where to break, and how: paths into a layout that has what they name.
COMM = ("structs", "task_struct", "members", "comm")
VIOLATIONS = [
    ((), without("kernel")), ((), put("schema", 2)), ((), put("extra", 1)), ((), put("structs", [])),
    (("kernel",), put("smp", 1)), (("kernel",), put("release", "")), (("kernel",), put("extra", "x")),
    (("kernel",), put("banner", "a\nb")), (("kernel",), put("page_table_levels", [])),
    (("kernel",), put("page_table_levels", [6])),
    (("structs",), put("empty", {})), (("structs", "task_struct"), without("size")),
    (("structs", "task_struct"), put("size", -1)), (("structs", "task_struct"), put("union", "yes")),
    (("structs", "task_struct"), put("extra", 1)), (("structs", "task_struct", "members"), put("", {})),
    (COMM, without("offset")), (COMM, put("size", 2**49)), (COMM, put("size", "16")), (COMM, put("kind", "wchar")),
    (COMM, put("signed", 1)), (COMM, put("array", [])), (COMM, put("array", [-1])), (COMM, put("type", "")),
    (COMM, put("depth", 256)), (COMM, put("bit_size", 65)), (COMM, put("bit_offset", 3)), (COMM, put("extra", 0)),
    (("enums", "pid_type"), without("values")), (("enums", "pid_type"), put("size", 16)),
    (("enums", "pid_type", "values"), put("PIDTYPE_PID", 2**64)),
    (("enums", "pid_type", "values"), put("PIDTYPE_PID", 0.5)),
    (("constants",), put("headers", {"A": "1"})), (("constants",), put("headers", 1)),
    (("symbols",), without("absolute")), (("symbols",), put("extra", {})),
    (("symbols", "offset"), put("init_task", 2**63)),
]


def main():
    defib, schema, kernel, *shipped = sys.argv[1:]
    schema = json.loads(pathlib.Path(schema).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failures = []

    def expect(is_true, what):
        if not is_true:
            failures.append(what)

    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder, "made.json")
        again = pathlib.Path(folder, "again.json")
        for path in (made, again):
            subprocess.run([defib, "layout", "extract", kernel_file(kernel), "-o", path], check=True)
        expect(made.read_bytes() == again.read_bytes(), "two extractions differ")
        for path in [made, *map(pathlib.Path, shipped)]:
            errors = [e.message for e in validator.iter_errors(json.loads(path.read_text()))]
            expect(not errors, f"{path}: {errors[:3]}")
            expect(path.stat().st_size < LARGEST, f"{path} has {path.stat().st_size} bytes")

        good = json.loads(made.read_text())
        for path, break_it in VIOLATIONS:
            bad = copy.deepcopy(good)
            parent = bad
            for key in path:
                parent = parent[key]
            break_it(parent)
            broken = pathlib.Path(folder, "broken.json")
            broken.write_text(json.dumps(bad))
            what = f"violation {VIOLATIONS.index((path, break_it))} at {'.'.join(path) or 'the root'}"
            expect(not validator.is_valid(bad), f"{what}: the schema accepts it")
            run = subprocess.run([defib, "layout", "check", broken], capture_output=True, text=True, check=False)
            expect(run.returncode == 3, f"{what}: exit {run.returncode}")
            expect(len(run.stderr.splitlines()) == 1 and "not a layout" in run.stderr, f"{what}: {run.stderr}")

    for failure in failures:
        print(failure)
    print(f"{1 + len(shipped)} layouts valid, {len(VIOLATIONS)} violations: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
