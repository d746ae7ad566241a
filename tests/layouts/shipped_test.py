#!/usr/bin/env python3
# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
"""shipped_test.py DEFIB FOLDER: each layout of 6.1 and 6.12, three flavours, is shipped, and what the tool
makes now of the same kernel is the same to the byte.

The mirror gives its newest kernels only. Where none in the cache is one that was shipped (another
release, or another build of it), there is nothing to compare with, and the test says so and is skipped.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from oracle_btf import kernel_file

SKIPPED = 77
KERNELS = ["6.12", "6.1", "6.12-cloud", "6.1-cloud", "6.12-rt", "6.1-rt"]


def flavour(release):
    series = re.match(r"\d+\.\d+", release).group()
    kind = next((kind for kind in ("cloud", "rt") if f"-{kind}-" in release), "plain")
    return series, kind


def extract(defib, folder):
    with tempfile.TemporaryDirectory() as into:
        path = pathlib.Path(into) / "layout.json"
        subprocess.run([defib, "layout", "extract", folder / "image.deb", "--headers", folder / "headers/build",
                        "-o", path], check=True)
        return path.read_bytes()


def check_binds(defib, layout):
    """What is shipped holds every field that a detector, routine or view asks for; the engine's self-test brings a
    structure of its own, which no kernel has."""
    done = subprocess.run([defib, "layout", "check", "--json", layout], capture_output=True)
    if done.returncode not in (0, 1):  # 1: the answer is no, as it is of the self-test
        sys.exit(f"{layout.stem}: {done.stderr.decode()}")
    off = [f"{routine['name']}: {routine['why_off']}" for routine in json.loads(done.stdout)["routines"]
           if not routine["binds"] and not routine["name"].startswith("self_test_")]
    if off:
        sys.exit(f"{layout.stem}: off with the shipped layout, so wanted.json lacks something: {off}")


def main():
    defib, shipped = sys.argv[1], pathlib.Path(sys.argv[2])
    layouts = {path.stem: path.read_bytes() for path in sorted(shipped.glob("*.json"))}
    wanted = {(series, kind) for series in ("6.1", "6.12") for kind in ("plain", "cloud", "rt")}
    missing = wanted - {flavour(release) for release in layouts}
    if missing:
        sys.exit(f"not shipped: {sorted(missing)}; run ./dev ship-layouts")
    for release in layouts:
        check_binds(defib, shipped / f"{release}.json")
    for name in KERNELS:
        folder = kernel_file(name).resolve().parents[2]
        if folder.name not in layouts:
            continue
        made, kept = extract(defib, folder), layouts[folder.name]
        if json.loads(made)["kernel"]["banner"] != json.loads(kept)["kernel"]["banner"]:
            continue
        if made != kept:
            sys.exit(f"{folder.name}: the tool makes another layout now; run ./dev ship-layouts and look at what changed")
        print(f"{folder.name}: the same {len(kept)} bytes")
        return
    print("none of the kernels in the cache is one whose layout is shipped")
    sys.exit(SKIPPED)


main()
