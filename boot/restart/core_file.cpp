// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/core_file.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace defib::boot {
namespace {

constexpr uint64_t NOTE_ALIGNMENT = 4;

bool is_within(Bytes file, uint64_t at, uint64_t size) {
    return at <= file.size() && size <= file.size() - at;
}

template <class T>
std::optional<T> read(Bytes file, uint64_t at) {
    if (!is_within(file, at, sizeof(T))) return std::nullopt;
    T value{};
    std::memcpy(&value, file.data() + at, sizeof value);
    return value;
}

bool is_core(const Elf64_Ehdr& header) {
    return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
           header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
           header.e_type == ET_CORE && header.e_machine == EM_X86_64 &&
           header.e_phentsize == sizeof(Elf64_Phdr);
}

// Where there are more than the header has room for, the first section has their number.
std::optional<uint64_t> segments_of(Bytes file, const Elf64_Ehdr& header) {
    if (header.e_phnum != PN_XNUM) return header.e_phnum;
    const auto section = read<Elf64_Shdr>(file, header.e_shoff);
    if (!section) return std::nullopt;
    return section->sh_info;
}

// The notes of one segment; false where one reaches beyond it.
bool take_notes(Bytes segment, std::vector<CoreNote>& notes) {
    const auto rounded = [](uint64_t size) {
        return (size + NOTE_ALIGNMENT - 1) / NOTE_ALIGNMENT * NOTE_ALIGNMENT;
    };
    while (segment.size() >= sizeof(Elf64_Nhdr)) {
        const auto head = *read<Elf64_Nhdr>(segment, 0);
        segment = segment.subspan(sizeof head);
        const uint64_t name_size = rounded(head.n_namesz);
        if (name_size > segment.size()) return false;
        const uint64_t text_size = rounded(head.n_descsz);
        if (text_size > segment.size() - name_size) return false;
        std::string_view name = as_text(segment.first(head.n_namesz));
        if (name.ends_with('\0')) name.remove_suffix(1);
        notes.push_back({name, head.n_type, segment.subspan(name_size, head.n_descsz)});
        segment = segment.subspan(name_size + text_size);
    }
    return true;
}

bool is_sound(const Elf64_Phdr& segment) {
    return segment.p_vaddr % PAGE_BYTES == 0 && segment.p_filesz % PAGE_BYTES == 0 &&
           segment.p_vaddr < END_OF_ADDRESSES &&
           segment.p_filesz <= END_OF_ADDRESSES - segment.p_vaddr;
}

}  // namespace

std::unexpected<Error> not_a_core(const std::string& name, std::string why, std::string advice) {
    return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, name, std::move(why), std::move(advice));
}

Result<CoreFile> read_core_file(Bytes file, const std::string& name) {
    const auto header = read<Elf64_Ehdr>(file, 0);
    if (!header || !is_core(*header)) return not_a_core(name, "it is no core of an x86-64 process");
    const auto count = segments_of(file, *header);
    if (!count || !is_within(file, header->e_phoff, *count * sizeof(Elf64_Phdr)))
        return not_a_core(name, "it is truncated");
    CoreFile core;
    for (uint64_t i = 0; i < *count; i++) {
        const auto segment = *read<Elf64_Phdr>(file, header->e_phoff + i * sizeof(Elf64_Phdr));
        if (!is_within(file, segment.p_offset, segment.p_filesz))
            return not_a_core(name, "it is truncated");
        const Bytes bytes = file.subspan(segment.p_offset, segment.p_filesz);
        if (segment.p_type == PT_NOTE && !take_notes(bytes, core.notes))
            return not_a_core(name, "a note reaches beyond its end");
        if (segment.p_type != PT_LOAD || bytes.empty()) continue;
        const bool is_behind = core.pieces.empty() || segment.p_vaddr >= core.pieces.back().end();
        if (!is_sound(segment) || !is_behind)
            return not_a_core(name, "its memory is where none can be");
        core.pieces.push_back({segment.p_vaddr, bytes});
    }
    return core;
}

}  // namespace defib::boot
