// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/process_core.h"

#include <cstring>

#include "boot/salvage/elf_notes.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;

std::string segments_of(const CoreMemory& memory, uint64_t notes_at, uint64_t notes_size) {
    std::string text;
    Elf64_Phdr notes{};
    notes.p_type = PT_NOTE;
    notes.p_offset = notes_at;
    notes.p_filesz = notes_size;
    notes.p_align = NOTE_ALIGNMENT;
    append(text, notes);
    for (const CoreSegment& one : memory.segments) {
        Elf64_Phdr segment{};
        segment.p_type = PT_LOAD;
        segment.p_flags = one.rights;
        segment.p_offset = one.offset;
        segment.p_vaddr = one.first;
        segment.p_filesz = one.file_size;
        segment.p_memsz = one.size;
        segment.p_align = PAGE_SIZE;
        append(text, segment);
    }
    return text;
}

// A header has room for 65,534 segments; the number of more stands in the first section
// (fill_extnum_info() in fs/binfmt_elf.c).
Elf64_Ehdr header_for(size_t segments, uint64_t segments_at, uint64_t section_at) {
    Elf64_Ehdr header = core_header(segments, segments_at);
    if (segments < PN_XNUM) return header;
    header.e_phnum = PN_XNUM;
    header.e_shoff = section_at;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 1;
    return header;
}

}  // namespace

Result<void> finish_core(NewFile& file, const CoreMemory& memory, std::string_view notes) {
    const uint64_t notes_at = memory.end;
    const uint64_t segments_at = round_up(notes_at + notes.size(), PAGE_SIZE);
    std::string segments = segments_of(memory, notes_at, notes.size());
    const size_t count = memory.segments.size() + 1;
    std::string head;
    append(head, header_for(count, segments_at, segments_at + segments.size()));
    if (count >= PN_XNUM) {
        Elf64_Shdr section{};
        section.sh_size = 1;
        section.sh_info = static_cast<Elf64_Word>(count);
        append(segments, section);
    }
    if (auto put = file.put(notes_at, as_bytes(notes)); !put) return put;
    if (auto put = file.put(segments_at, as_bytes(segments)); !put) return put;
    if (auto put = file.put(0, as_bytes(head)); !put) return put;
    return file.finish(segments_at + segments.size());
}

}  // namespace defib::boot
