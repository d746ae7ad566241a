#!/usr/bin/env python3
# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
"""map_kernel_image.py DUMP: adds the kernel's image to the segments of a dump by QEMU, as the kernel's own
/proc/vmcore has it. drgn looks for the top page table at its virtual address and cannot start without.
"""
import re
import struct
import sys

HEADER = "<16sHHIQQQIHHHHHH"
SEGMENT = "<IIQQQQQQ"
PT_LOAD, PT_NOTE = 1, 4
START_KERNEL_MAP = 0xFFFFFFFF80000000
IMAGE_BYTES = 128 << 20


def main():
    with open(sys.argv[1], "r+b") as dump:
        header = list(struct.unpack(HEADER, dump.read(struct.calcsize(HEADER))))
        size = struct.calcsize(SEGMENT)
        dump.seek(header[5])
        segments = [struct.unpack(SEGMENT, dump.read(size)) for _ in range(header[10])]
        dump.seek(segments[0][2])
        note = dump.read(segments[0][5])
        phys_base = int(re.search(rb"NUMBER\(phys_base\)=(-?\d+)", note)[1])
        text = int(re.search(rb"SYMBOL\(_stext\)=([0-9a-f]+)", note)[1], 16)
        physical = text - START_KERNEL_MAP + phys_base
        holder = next(s for s in segments if s[0] == PT_LOAD and s[4] <= physical < s[4] + s[5])
        length = min(IMAGE_BYTES, holder[4] + holder[5] - physical)
        image = (PT_LOAD, 0, holder[2] + physical - holder[4], text, physical, length, length, 0)
        end = dump.seek(0, 2)
        for segment in [*segments, image]:
            dump.write(struct.pack(SEGMENT, *segment))
        header[5], header[10] = end, len(segments) + 1
        dump.seek(0)
        dump.write(struct.pack(HEADER, *header))


main()
