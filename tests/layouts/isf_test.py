#!/usr/bin/env python3
# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
"""isf_test.py DEFIB SCHEMA KERNEL: what `defib layout export --isf` writes of a whole kernel.

Every structure's export is held against the schema (a sample of the symbols, which are all alike),
every name that a type refers to must exist, and offsets and sizes must be the layout's.
"""
import base64
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

from oracle_btf import kernel_file


def references(type_, found):
    kind = type_["kind"]
    if "name" in type_:
        found.add(("struct" if kind in ("struct", "union") else kind, type_["name"]))
    for key in ("subtype", "type"):
        if key in type_:
            references(type_[key], found)


def check_references(isf):
    found = {("base", enum["base"]) for enum in isf["enums"].values()}
    for user_type in isf["user_types"].values():
        for field in user_type["fields"].values():
            references(field["type"], found)
    for symbol in isf["symbols"].values():
        if "type" in symbol:
            references(symbol["type"], found)
    tables = {"struct": "user_types", "enum": "enums", "base": "base_types"}
    return [f"{kind} {name} is nowhere" for kind, name in found if name not in isf[tables[kind]]]


def check_offsets(isf, layout):
    faults = []
    for name, structure in layout["structs"].items():
        exported = isf["user_types"][name]
        if exported["size"] != structure["size"]:
            faults.append(f"{name}: {exported['size']} bytes, not {structure['size']}")
        for path, member in structure["members"].items():
            # "a.b" is in the record of "a" where a has one, else a field of that name.
            outer, _, inner = path.rpartition(".")
            record = isf["user_types"].get(f"{name}.{outer}")
            if outer and record and inner in record["fields"]:
                offset = structure["members"][outer]["offset"] + record["fields"][inner]["offset"]
            else:
                offset = exported["fields"][path]["offset"]
            if offset != member["offset"]:
                faults.append(f"{name}.{path}: at {offset}, not {member['offset']}")
    return faults


def main():
    defib, schema_path, kernel = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        layout_path, isf_path = f"{folder}/layout.json", f"{folder}/isf.json"
        subprocess.run([defib, "layout", "extract", "--full", kernel_file(kernel), "-o", layout_path], check=True)
        subprocess.run([defib, "layout", "export", "--isf", layout_path, "-o", isf_path], check=True)
        layout = json.loads(pathlib.Path(layout_path).read_text())
        isf = json.loads(pathlib.Path(isf_path).read_text())
    faults = check_references(isf) + check_offsets(isf, layout)
    banner = base64.b64decode(isf["symbols"]["linux_banner"]["constant_data"])
    if banner != layout["kernel"]["banner"].encode() + b"\n\0":
        faults.append("the banner is not the kernel's")
    if isf["symbols"]["init_task"].get("type") != {"kind": "struct", "name": "task_struct"}:
        faults.append("init_task has no type")
    names = sorted(isf["symbols"])
    kept = set(names[:: len(names) // 500 or 1]) | {"linux_banner", "init_task"}
    isf["symbols"] = {name: isf["symbols"][name] for name in kept}
    validator = jsonschema.Draft202012Validator(json.loads(pathlib.Path(schema_path).read_text()))
    for error in validator.iter_errors(isf):
        faults.append(f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    for fault in faults[:20]:
        print(fault)
    print(f"{len(isf['user_types'])} types, {len(faults)} faults")
    sys.exit(1 if faults else 0)


main()
