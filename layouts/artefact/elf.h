// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// As much of ELF as kernels and their dumps need: sections, segments, notes and the symbol table of
// a 64-bit little-endian file. Every view that is handed out lies inside the file, whatever the
// headers claim.
#ifndef DEFIB_LAYOUTS_ARTEFACT_ELF_H
#define DEFIB_LAYOUTS_ARTEFACT_ELF_H

#include <elf.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/file.h"
#include "engine/base/result.h"

namespace defib::layouts {

struct ElfSection {
    std::string_view name;
    Bytes bytes;  // empty for .bss and the like
    Elf64_Shdr header{};
};

struct ElfNote {
    std::string_view name;
    uint32_t type = 0;
    Bytes content;
};

class ElfFile {
  public:
    static bool recognises(Bytes head);
    static Result<ElfFile> parse(Bytes bytes, std::string_view object);

    uint16_t type() const { return type_; }        // ET_EXEC, ET_REL, ET_CORE, ...
    uint16_t machine() const { return machine_; }  // EM_X86_64, EM_AARCH64, ...
    std::string_view architecture() const;         // "x86_64", "aarch64", or empty
    const std::vector<ElfSection>& sections() const { return sections_; }
    const std::vector<Elf64_Phdr>& segments() const { return segments_; }

    const ElfSection* section(std::string_view name) const;

    // The bytes at a virtual address, up to the end of what the file holds of its segment.
    Bytes at_address(uint64_t address) const;

    // Notes of PT_NOTE segments, or of SHT_NOTE sections where there are no segments.
    std::vector<ElfNote> notes() const;

    // The GNU build id in hex, or empty.
    std::string build_id() const;

  private:
    Bytes bytes_;
    uint16_t type_ = 0;
    uint16_t machine_ = 0;
    std::vector<ElfSection> sections_;
    std::vector<Elf64_Phdr> segments_;
};

// The notes in the bytes of one note section.
std::vector<ElfNote> parse_notes(Bytes bytes);

std::string to_hex(Bytes bytes);

}  // namespace defib::layouts

#endif
