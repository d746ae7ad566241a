// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An ELF vmcore, as QEMU's dump-guest-memory, makedumpfile -E and /proc/vmcore write it: PT_LOAD
// segments with physical addresses. The file is not trusted: a segment that reaches out of it ends
// the reading.
#include <elf.h>

#include <algorithm>
#include <cstring>

#include "boot/target/target.h"

namespace defib::boot {
namespace {

// With more than 65534 segments the number is in the first section header (gABI, PN_XNUM).
Result<uint64_t> count_segments(Bytes file, const Elf64_Ehdr& header, const std::string& object) {
    if (header.e_phnum != PN_XNUM) return header.e_phnum;
    Elf64_Shdr section;
    if (header.e_shoff > file.size() || file.size() - header.e_shoff < sizeof section) {
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, object, "its section headers are cut off");
    }
    std::memcpy(&section, file.data() + header.e_shoff, sizeof section);
    return section.sh_info;
}

bool overlaps(const DefibRange& one, const DefibRange& other) {
    return one.physical < other.physical + other.size && other.physical < one.physical + one.size;
}

}  // namespace

bool looks_like_elf(Bytes file) {
    return file.size() >= sizeof(Elf64_Ehdr) && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
}

Result<DefibWindow> window_of_elf_core(Bytes file, const std::string& object) {
    const auto bad = [&](const char* what) {
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, object, what);
    };
    Elf64_Ehdr header;
    std::memcpy(&header, file.data(), sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_type != ET_CORE || header.e_phentsize != sizeof(Elf64_Phdr)) {
        return bad("an ELF file, but not a 64-bit core");
    }
    if (header.e_machine != EM_X86_64) return bad("a core of a machine that is not x86-64");
    const auto count = count_segments(file, header, object);
    if (!count) return std::unexpected(count.error());
    if (header.e_phoff > file.size() ||
        *count > (file.size() - header.e_phoff) / sizeof(Elf64_Phdr)) {
        return bad("its program headers are cut off");
    }
    std::vector<DefibRange> ranges;
    for (uint64_t i = 0; i < *count; i++) {
        Elf64_Phdr segment;
        std::memcpy(&segment, file.data() + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
        if (segment.p_offset > file.size() || segment.p_filesz > file.size() - segment.p_offset) {
            return bad("a segment reaches past the file's end; the dump is cut off");
        }
        if (segment.p_paddr > ~segment.p_filesz) return bad("a segment reaches past all memory");
        ranges.push_back({segment.p_paddr, segment.p_filesz,
                          reinterpret_cast<uint64_t>(file.data()) + segment.p_offset});
    }
    // /proc/vmcore and a dump with paging tell the kernel's own memory twice: the larger segment
    // is kept, as the smaller one lies in it.
    std::ranges::sort(ranges, std::greater{}, &DefibRange::size);
    DefibWindow window{};
    for (const DefibRange& range : ranges) {
        const auto taken = std::span(window.ranges).first(window.count);
        if (std::ranges::any_of(taken, [&](const auto& t) { return overlaps(t, range); })) continue;
        if (window.count == DEFIB_WINDOW_RANGES) return bad("more stretches of RAM than fit");
        window.ranges[window.count++] = range;
    }
    if (window.count == 0) return bad("a core without memory");
    std::ranges::sort(std::span(window.ranges).first(window.count), {}, &DefibRange::physical);
    return window;
}

}  // namespace defib::boot
