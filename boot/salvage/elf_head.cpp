// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/elf_head.h"

#include <elf.h>

#include <cstring>

#include "boot/salvage/elf_notes.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;
constexpr std::string_view OURS = OUR_NOTES;
constexpr std::string_view KERNELS = "VMCOREINFO";
// Notes are text for people; more than this is not one.
constexpr uint64_t MOST_NOTE_BYTES = uint64_t{256} << 20;

std::span<const DefibRange> ranges_of(const Kernel& kernel) {
    return std::span(kernel.window.ranges).first(kernel.window.count);
}

// map_x86_64() puts the direct map first and the kernel's image behind it.
constexpr size_t DIRECT_MAP = 0;
constexpr size_t IMAGE = 1;

uint64_t offset_in_file(const Kernel& kernel, uint64_t data, uint64_t physical) {
    for (const DefibRange& range : ranges_of(kernel)) {
        if (physical >= range.physical && physical - range.physical < range.size)
            return data + (physical - range.physical);
        data += range.size;
    }
    return 0;
}

std::vector<Elf64_Phdr> segments_of(const Kernel& kernel, uint64_t notes_at, uint64_t notes_size,
                                    uint64_t data) {
    std::vector<Elf64_Phdr> segments(1);
    segments[0].p_type = PT_NOTE;
    segments[0].p_offset = notes_at;
    segments[0].p_filesz = segments[0].p_memsz = notes_size;
    segments[0].p_align = NOTE_ALIGNMENT;
    const auto load = [&](uint64_t address, uint64_t physical, uint64_t size, uint64_t offset) {
        Elf64_Phdr segment{};
        segment.p_type = PT_LOAD;
        segment.p_flags = PF_R | PF_W | PF_X;
        segment.p_offset = offset;
        segment.p_vaddr = address;
        segment.p_paddr = physical;
        segment.p_filesz = segment.p_memsz = size;
        // No alignment, as /proc/vmcore has none (crash_prepare_elf64_headers()): by it crash tells
        // a kernel's dump, whose VMCOREINFO it heeds, from a netdump (is_netdump() in its
        // netdump.c).
        segment.p_align = 0;
        segments.push_back(segment);
    };
    const DefibLinear& image = kernel.map.linear[IMAGE];
    load(image.first, image.physical, image.size, offset_in_file(kernel, data, image.physical));
    for (const DefibRange& range : ranges_of(kernel)) {
        load(kernel.map.linear[DIRECT_MAP].first + range.physical, range.physical, range.size,
             data);
        data += range.size;
    }
    return segments;
}

size_t segment_count(const Kernel& kernel) {
    return 2 + kernel.window.count;
}

uint64_t notes_begin(const Kernel& kernel) {
    return sizeof(Elf64_Ehdr) + segment_count(kernel) * sizeof(Elf64_Phdr);
}

// It is the first note: its header and name come before it.
uint64_t progress_begins(const Kernel& kernel) {
    return notes_begin(kernel) + sizeof(Elf64_Nhdr) + round_up(OURS.size() + 1, NOTE_ALIGNMENT);
}

std::string_view text_of(const DumpProgress& progress) {
    return {reinterpret_cast<const char*>(&progress), sizeof progress};
}

}  // namespace

ElfHead make_elf_head(const Kernel& kernel, std::span<const DumpNote> notes,
                      const DumpProgress& progress) {
    std::string noted;
    append_note(noted, OURS, static_cast<uint32_t>(NoteKind::progress), text_of(progress));
    append_note(noted, KERNELS, 0, kernel.info.text());
    for (const DumpNote& note : notes)
        append_note(noted, OURS, static_cast<uint32_t>(note.kind), note.text);

    ElfHead head;
    const uint64_t notes_at = notes_begin(kernel);
    head.progress_at = progress_begins(kernel);
    head.data = round_up(notes_at + noted.size(), PAGE_SIZE);
    append(head.bytes, core_header(segment_count(kernel), sizeof(Elf64_Ehdr)));
    for (const Elf64_Phdr& segment : segments_of(kernel, notes_at, noted.size(), head.data))
        append(head.bytes, segment);
    head.bytes += noted;
    head.bytes.resize(head.data);
    return head;
}

std::optional<ElfHead> read_elf_head(const Kernel& kernel, Bytes file) {
    const uint64_t notes_at = notes_begin(kernel);
    if (file.size() < notes_at) return std::nullopt;
    Elf64_Phdr notes;
    std::memcpy(&notes, file.data() + sizeof(Elf64_Ehdr), sizeof notes);
    if (notes.p_filesz > MOST_NOTE_BYTES) return std::nullopt;
    ElfHead head;
    head.data = round_up(notes_at + notes.p_filesz, PAGE_SIZE);
    head.progress_at = progress_begins(kernel);
    if (file.size() < head.data) return std::nullopt;
    head.bytes = as_text(file.first(head.data));

    // All but the notes must be what would be written today, and these must be of this kernel.
    std::string expected;
    append(expected, core_header(segment_count(kernel), sizeof(Elf64_Ehdr)));
    for (const Elf64_Phdr& segment : segments_of(kernel, notes_at, notes.p_filesz, head.data))
        append(expected, segment);
    DumpProgress progress;
    std::memcpy(&progress, file.data() + head.progress_at, sizeof progress);
    append_note(expected, OURS, static_cast<uint32_t>(NoteKind::progress), text_of(progress));
    append_note(expected, KERNELS, 0, kernel.info.text());
    if (!head.bytes.starts_with(expected)) return std::nullopt;
    return head;
}

}  // namespace defib::boot
