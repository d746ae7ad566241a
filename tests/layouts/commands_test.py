#!/usr/bin/env python3
# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
"""defib layout show, check and diff as a script sees them: exit status, and what is on which stream.

usage: commands_test.py DEFIB SEEDS     SEEDS: tests/fuzz/seeds/layout_json, two small layouts
"""
import json
import pathlib
import subprocess
import sys


def main():
    defib, seeds = sys.argv[1:]
    one, other = (str(pathlib.Path(seeds, name)) for name in ("everything", "flattening"))
    failures = []

    def run(status, *arguments):
        done = subprocess.run([defib, "layout", *arguments], capture_output=True, text=True, check=False)
        if done.returncode != status:
            failures.append(f"{' '.join(arguments)}: exit {done.returncode}, not {status}: {done.stderr}")
        if len(done.stderr.splitlines()) != (1 if status > 1 else 0):
            failures.append(f"{' '.join(arguments)}: not one line on standard error: {done.stderr}")
        return done.stdout + done.stderr

    def expect(text, part):
        if part not in text:
            failures.append(f"no '{part}' in: {text}")

    expect(run(0, "show", one), "6.1 (x86_64, SMP, 4 or 5 page table levels)")
    expect(run(0, "show", one, "flags"), "unsigned int               high:29;                 /*  0: 3     4 */")
    expect(json.loads(run(0, "show", "--json", one, "flags"))["structs"], "flags")
    expect(run(3, "show", one, "nothing"), "not in this layout: struct nothing")
    expect(run(4, "show", "/nowhere"), "cannot read")
    expect(run(2, "show"), "LAYOUT is required")

    expect(run(1, "check", one), "constants absent: nothing may act with this layout")
    report = json.loads(run(1, "check", "--json", one))
    if report["may_act"] or not report["well_formed"] or "TIF_SIGPENDING" not in report["absent_constants"]:
        failures.append(f"check --json: {report}")
    by_name = {routine["name"]: routine for routine in report["routines"]}
    if by_name["process"]["binds"] or not by_name["process"]["why_off"].startswith("this kernel has not: "):
        failures.append(f"check --json: {by_name['process']}")
    expect(run(1, "check", one), "off          view process: this kernel has not: ")
    expect(run(3, "check", defib), "not a layout")

    expect(run(0, "diff", one, one), "nothing moved")
    expect(run(1, "diff", one, other), "struct flags")
    changes = json.loads(run(1, "diff", "--json", one, other))
    if not {"kind": "struct", "of": "flags", "before": "4 bytes", "after": None, "wanted": False} in changes:
        failures.append(f"diff --json: {changes}")

    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
