#!/usr/bin/env python3
# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
"""Holds a kernel's full layout against what bpftool and pahole say of the same BTF.

usage: oracle_btf.py DEFIB KERNEL     KERNEL: a kernel of the lab, "6.1", "6.12-rt" ...

Every structure, every member: name, place, size, bit-field; every enumeration, every value.
Nothing of defib is used but its output: the vmlinuz is unpacked and its .BTF found here, and what a
flattened structure is, is said here once more.
"""
import json
import lzma
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile


def kernel_file(kernel):
    cache = os.environ.get("DEFIB_CACHE")
    if not cache:
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "defib"
    found = sorted(pathlib.Path(cache, "kernels", kernel, "root", "boot").glob("vmlinuz-*"))
    if not found:
        sys.exit(f"no kernel {kernel}; run ./dev kernels")
    return found[0]


def unpacked(image):
    """The ELF in a bzImage, by trying every place that looks like the start of a stream."""
    def with_xz(data):
        return lzma.LZMADecompressor().decompress(data)

    def with_zstd(data):
        return subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=False).stdout

    for magic, unpack in ((b"\xfd7zXZ\x00", with_xz), (b"\x28\xb5\x2f\xfd", with_zstd)):
        at = image.find(magic)
        while at >= 0:
            try:
                elf = unpack(image[at:])
            except lzma.LZMAError:
                elf = b""
            if elf.startswith(b"\x7fELF"):
                return elf
            at = image.find(magic, at + 1)
    sys.exit("no ELF in this vmlinuz")


def btf_section(elf):
    table, = struct.unpack_from("<Q", elf, 40)
    count, names = struct.unpack_from("<HH", elf, 60)
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, table + 64 * i) for i in range(count)]
    for section in sections:
        start = sections[names][4] + section[0]
        if elf[start:elf.index(b"\0", start)] == b".BTF":
            return elf[section[4]:section[4] + section[5]]
    sys.exit("no .BTF in this kernel")


class Bpftool:
    """Structures as bpftool lists them, flattened."""

    def __init__(self, path):
        dump = subprocess.run(["bpftool", "btf", "dump", "-j", "file", path], capture_output=True, check=True)
        self.types = {t["id"]: t for t in json.loads(dump.stdout)["types"]}
        self.structs = {}
        self.enums = {}
        kinds = {"STRUCT": self.structs, "UNION": self.structs, "ENUM": self.enums, "ENUM64": self.enums}
        for t in self.types.values():
            if t["kind"] in kinds and t["name"] != "(anon)" and (t["kind"][:4] != "ENUM" or t["vlen"]):
                kinds[t["kind"]].setdefault(t["name"], t)
        for t in self.types.values():
            target = self.types.get(t.get("type_id")) if t["kind"] == "TYPEDEF" else None
            if target and target["kind"] in kinds and target["name"] == "(anon)":
                kinds[target["kind"]].setdefault(t["name"], target)

    def bare(self, type_id):
        """Without qualifiers; and whether a typedef was on the way."""
        has_name = False
        while type_id and self.types[type_id]["kind"] in ("TYPEDEF", "CONST", "VOLATILE", "RESTRICT", "TYPE_TAG"):
            has_name |= self.types[type_id]["kind"] == "TYPEDEF"
            type_id = self.types[type_id]["type_id"]
        return self.types[type_id], has_name

    def size(self, type_id):
        t, _ = self.bare(type_id)
        if t["kind"] == "PTR":
            return 8
        if t["kind"] == "ARRAY":
            return t["nr_elems"] * self.size(t["type_id"])
        return t["size"]

    def members(self, record, base=0, prefix=""):
        for m in record["members"]:
            at = base + m["bits_offset"]
            t, has_name = self.bare(m["type_id"])
            bits = m.get("bitfield_size", 0)
            is_record = t["kind"] in ("STRUCT", "UNION")
            if m["name"] == "(anon)":
                if is_record:
                    yield from self.members(t, at, prefix)
                continue
            yield prefix + m["name"], (at, bits or self.size(m["type_id"]) * 8)
            if is_record and t["name"] == "(anon)" and not has_name:
                yield from self.members(t, at, prefix + m["name"] + ".")


class Pahole:
    """Structures as pahole prints them, flattened."""

    PLACE = re.compile(r"/\*\s+(\d+)(?::\s*(\d+))?\s+(\d+)\s*\*/\s*$")
    HEAD = re.compile(r"^(?:struct|union) (\w+) \{$")

    def __init__(self, path):
        self.structs = {}
        text = subprocess.run(["pahole", "-F", "btf", path], capture_output=True, check=True, text=True).stdout
        lines = iter(text.splitlines())
        for line in lines:
            head = self.HEAD.match(line)
            if head:
                self.structs.setdefault(head.group(1), dict(self.body(lines)))

    @classmethod
    def body(cls, lines):
        """Members up to the closing brace of the structure, whose own line says `size:` before."""
        for line in lines:
            text = line.strip()
            if text.startswith("}"):
                cls.closing = text
                return
            if text.endswith("{"):
                inner = list(cls.body(lines))
                name, place, is_elsewhere = cls.member(cls.closing)
                if not name:
                    yield from inner
                    continue
                yield name, place
                if not is_elsewhere:
                    yield from ((f"{name}.{n}", p) for n, p in inner)
                continue
            if text.startswith("/*"):
                continue
            name, place, _ = cls.member(text)
            if name and place:
                yield name, place

    @classmethod
    def member(cls, text):
        place = cls.PLACE.search(text)
        if not place:
            return "", None, False
        declaration = re.sub(r"__attribute__\(\(.*\)\)", "", text[:place.start()]).strip().rstrip(";").rstrip()
        bits = re.search(r":(\d+)$", declaration)
        if bits:
            declaration = declaration[:bits.start()].rstrip()
        function = re.search(r"\(\*+\s*(\w+)\s*(?:\[[^]]*\])*\)\s*\(", declaration)
        # What an array or a pointer refers to lies elsewhere.
        is_elsewhere = declaration.endswith("]") or declaration.startswith("} *")
        plain = re.search(r"(\w+)\s*(?:\[[^]]*\]\s*)*$", declaration)
        name = function.group(1) if function else plain.group(1) if plain else ""
        first = int(place.group(1)) * 8 + int(place.group(2) or 0)
        return name, (first, int(bits.group(1)) if bits else int(place.group(3)) * 8), is_elsewhere


def place_in_layout(member):
    first = member["offset"] * 8 + member.get("bit_offset", 0)
    return first, member.get("bit_size") or member["size"] * 8


def main():
    defib, kernel = sys.argv[1:]
    vmlinuz = kernel_file(kernel)
    differences = []

    def compare(what, ours, theirs):
        if ours != theirs:
            differences.append(f"{what}: {ours} is {theirs}")

    with tempfile.TemporaryDirectory() as folder:
        blob = pathlib.Path(folder, "vmlinux.btf")
        blob.write_bytes(btf_section(unpacked(vmlinuz.read_bytes())))
        full = pathlib.Path(folder, "full.json")
        subprocess.run([defib, "layout", "extract", "--full", vmlinuz, "-o", full], check=True)
        layout = json.loads(full.read_text())
        structs = {name: {m: place_in_layout(v) for m, v in s["members"].items()}
                   for name, s in layout["structs"].items()}

        bpftool = Bpftool(blob)
        compare("names of structures", set(structs) ^ set(bpftool.structs), set())
        members = 0
        for name, record in bpftool.structs.items():
            compare(f"size of {name}", layout["structs"].get(name, {}).get("size"), record["size"])
            theirs = dict(bpftool.members(record))
            members += len(theirs)
            compare(f"struct {name}", structs.get(name), theirs)
        compare("names of enumerations", set(layout["enums"]) ^ set(bpftool.enums), set())
        for name, record in bpftool.enums.items():
            # bpftool prints the 32 bits of an unsigned enumeration as if they had a sign.
            mask = 2**32 - 1 if record["kind"] == "ENUM" and record["encoding"] == "UNSIGNED" else -1
            values = {v["name"]: v["val"] & mask for v in record["values"]}
            compare(f"enum {name}", layout["enums"].get(name, {}).get("values"), values)

        pahole = Pahole(blob)
        tags = {t["name"] for t in bpftool.structs.values() if t["name"] != "(anon)"}
        compare("structures of pahole", len(set(pahole.structs) & tags) > 0.95 * len(tags), True)
        for name, theirs in pahole.structs.items():
            compare(f"struct {name} of pahole", structs.get(name), theirs)

    for line in differences[:20]:
        print(line[:2000])
    print(f"{kernel}: {len(bpftool.structs)} structures with {members} members and {len(bpftool.enums)} "
          f"enumerations held against bpftool, {len(pahole.structs)} structures against pahole: "
          f"{len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
