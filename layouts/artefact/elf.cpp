// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/elf.h"

#include "layouts/artefact/byte_reader.h"

namespace defib::layouts {
namespace {

// A kernel has 40 sections, a module built with -ffunction-sections some thousands, a vmcore as
// many segments as the machine has memory ranges.
constexpr uint64_t MOST_SECTIONS = 1U << 20;
constexpr uint64_t MOST_SEGMENTS = 1U << 20;

std::unexpected<Error> cut(std::string_view object, std::string_view what) {
    return fail(DEFIB_ERROR_LAYOUT_TRUNCATED, std::string(object),
                "its ELF " + std::string(what) + " lies beyond the end of the file",
                "fetch it again");
}

}  // namespace

bool ElfFile::recognises(Bytes head) {
    return starts_with(head, std::string_view(ELFMAG, SELFMAG));
}

Result<ElfFile> ElfFile::parse(Bytes bytes, std::string_view object) {
    if (!recognises(bytes)) {
        return fail(DEFIB_ERROR_LAYOUT_UNKNOWN_FORMAT, std::string(object), "not an ELF file");
    }
    if (bytes.size() < sizeof(Elf64_Ehdr)) return cut(object, "header");
    const auto header = load<Elf64_Ehdr>(bytes, 0);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
        return fail(DEFIB_ERROR_LAYOUT_UNSUPPORTED, std::string(object),
                    "not a 64-bit little-endian ELF file");
    }
    ElfFile file;
    file.bytes_ = bytes;
    file.type_ = header.e_type;
    file.machine_ = header.e_machine;

    const auto first = load<Elf64_Shdr>(bytes, header.e_shoff);
    uint64_t section_count = header.e_shnum;
    if (section_count == 0 && header.e_shoff != 0) section_count = first.sh_size;
    uint64_t segment_count = header.e_phnum;
    if (segment_count == PN_XNUM) segment_count = first.sh_info;
    if (section_count > MOST_SECTIONS || segment_count > MOST_SEGMENTS) {
        return fail(DEFIB_ERROR_LAYOUT_TOO_LARGE, std::string(object),
                    "more ELF sections or segments than any kernel has");
    }
    if (!holds(bytes, header.e_phoff, segment_count * sizeof(Elf64_Phdr))) {
        return cut(object, "segment table");
    }
    if (!holds(bytes, header.e_shoff, section_count * sizeof(Elf64_Shdr))) {
        return cut(object, "section table");
    }
    file.segments_.reserve(segment_count);
    file.sections_.reserve(section_count);
    for (uint64_t i = 0; i < segment_count; ++i) {
        file.segments_.push_back(load<Elf64_Phdr>(bytes, header.e_phoff + i * sizeof(Elf64_Phdr)));
    }
    for (uint64_t i = 0; i < section_count; ++i) {
        ElfSection section;
        section.header = load<Elf64_Shdr>(bytes, header.e_shoff + i * sizeof(Elf64_Shdr));
        const auto& h = section.header;
        if (h.sh_type != SHT_NOBITS && h.sh_type != SHT_NULL) {
            if (!holds(bytes, h.sh_offset, h.sh_size)) return cut(object, "section");
            section.bytes = bytes.subspan(h.sh_offset, h.sh_size);
        }
        file.sections_.push_back(section);
    }
    uint32_t names_index = header.e_shstrndx;
    if (names_index == SHN_XINDEX) names_index = first.sh_link;
    if (names_index < file.sections_.size()) {
        const Bytes names = file.sections_[names_index].bytes;
        for (ElfSection& section : file.sections_) {
            section.name = text_at(names, section.header.sh_name);
        }
    }
    return file;
}

std::string_view ElfFile::architecture() const {
    switch (machine_) {
        case EM_X86_64:
            return "x86_64";
        case EM_AARCH64:
            return "aarch64";
        default:
            return {};
    }
}

const ElfSection* ElfFile::section(std::string_view name) const {
    for (const ElfSection& section : sections_) {
        if (section.name == name) return &section;
    }
    return nullptr;
}

Bytes ElfFile::at_address(uint64_t address) const {
    for (const Elf64_Phdr& segment : segments_) {
        if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
        const uint64_t offset = address - segment.p_vaddr;
        if (offset >= segment.p_filesz) continue;
        return slice(slice(bytes_, segment.p_offset, segment.p_filesz), offset);
    }
    return {};
}

std::vector<ElfNote> parse_notes(Bytes bytes) {
    std::vector<ElfNote> notes;
    uint64_t at = 0;
    while (holds(bytes, at, sizeof(Elf64_Nhdr))) {
        const auto header = load<Elf64_Nhdr>(bytes, at);
        const uint64_t name_at = at + sizeof(Elf64_Nhdr);
        const uint64_t content_at = name_at + align_up(header.n_namesz, 4);
        if (!holds(bytes, name_at, header.n_namesz)) break;
        if (!holds(bytes, content_at, header.n_descsz)) break;
        std::string_view name = as_text(bytes.subspan(name_at, header.n_namesz));
        name = name.substr(0, name.find('\0'));
        notes.push_back({name, header.n_type, bytes.subspan(content_at, header.n_descsz)});
        at = content_at + align_up(header.n_descsz, 4);
    }
    return notes;
}

std::vector<ElfNote> ElfFile::notes() const {
    std::vector<ElfNote> all;
    const auto add = [&](Bytes bytes) {
        const auto some = parse_notes(bytes);
        all.insert(all.end(), some.begin(), some.end());
    };
    for (const Elf64_Phdr& segment : segments_) {
        if (segment.p_type == PT_NOTE) add(slice(bytes_, segment.p_offset, segment.p_filesz));
    }
    if (!segments_.empty()) return all;
    for (const ElfSection& section : sections_) {
        if (section.header.sh_type == SHT_NOTE) add(section.bytes);
    }
    return all;
}

std::string ElfFile::build_id() const {
    for (const ElfNote& note : notes()) {
        if (note.type == NT_GNU_BUILD_ID && note.name == "GNU") return to_hex(note.content);
    }
    return {};
}

std::string to_hex(Bytes bytes) {
    constexpr std::string_view DIGITS = "0123456789abcdef";
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (const std::byte b : bytes) {
        hex += DIGITS[std::to_integer<unsigned>(b) >> 4];
        hex += DIGITS[std::to_integer<unsigned>(b) & 15];
    }
    return hex;
}

}  // namespace defib::layouts
