// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Three things may stand between the file and its DWARF:
// - SHF_COMPRESSED (gABI; CONFIG_DEBUG_INFO_COMPRESSED_ZLIB and _ZSTD): an Elf64_Chdr, then zlib or
//   zstd.
// - .zdebug_*, its predecessor: "ZLIB", the size as eight bytes, the highest first, then zlib.
// - Relocations. A linked vmlinux keeps them (--emit-relocs, CONFIG_RELOCATABLE) although they are
//   done: there they are ignored, and with them 256 MiB of a Debian vmlinux. In a module (ET_REL)
//   nothing is done yet; what types need are offsets into debug sections: symbol + addend.
#include "layouts/dwarf/sections.h"

#include "layouts/artefact/byte_reader.h"
#include "layouts/artefact/decompress.h"

namespace defib::layouts {
namespace {

constexpr size_t MOST_SECTION_BYTES = size_t{4} << 30;

Result<std::vector<std::byte>> unpack(Bytes packed, size_t size, std::string_view object) {
    if (size > MOST_SECTION_BYTES) {
        return fail(DEFIB_ERROR_LAYOUT_TOO_LARGE, std::string(object),
                    "a compressed debug section of " + std::to_string(size >> 30) + " GiB");
    }
    return unpack_all(packed, object, size, size);
}

// Of an absolute relocation: how many bytes it fills; 0: not one of them.
unsigned width_of(uint16_t machine, uint64_t type) {
    if (machine == EM_X86_64) {
        if (type == R_X86_64_64) return 8;
        if (type == R_X86_64_32 || type == R_X86_64_32S) return 4;
    }
    if (machine == EM_AARCH64) {
        if (type == R_AARCH64_ABS64) return 8;
        if (type == R_AARCH64_ABS32) return 4;
    }
    return 0;
}

void relocate(std::vector<std::byte>& into, Bytes relocations, Bytes symbols, uint16_t machine) {
    for (uint64_t at = 0; holds(relocations, at, sizeof(Elf64_Rela)); at += sizeof(Elf64_Rela)) {
        const auto entry = load<Elf64_Rela>(relocations, at);
        const unsigned width = width_of(machine, ELF64_R_TYPE(entry.r_info));
        if (width == 0 || !holds(into, entry.r_offset, width)) continue;
        const auto symbol = load<Elf64_Sym>(symbols, ELF64_R_SYM(entry.r_info) * sizeof(Elf64_Sym));
        const uint64_t value = symbol.st_value + static_cast<uint64_t>(entry.r_addend);
        std::memcpy(into.data() + entry.r_offset, &value, width);
    }
}

bool is_for_types(std::string_view name) {
    for (const std::string_view wanted : {"debug_info", "debug_abbrev", "debug_str",
                                          "debug_line_str", "debug_str_offsets", "debug_addr"}) {
        if (name == wanted) return true;
    }
    return false;
}

}  // namespace

Result<DebugSections> debug_sections(const ElfFile& elf, std::string_view object) {
    DebugSections result;
    std::map<size_t, std::vector<std::byte>*> writable;  // by section index
    for (size_t i = 0; i < elf.sections().size(); ++i) {
        const ElfSection& section = elf.sections()[i];
        const bool is_gnu_packed = section.name.starts_with(".zdebug_");
        if (!is_gnu_packed && !section.name.starts_with(".debug_")) continue;
        const std::string name(section.name.substr(is_gnu_packed ? 2 : 1));
        if (!is_for_types(name)) continue;
        const std::string where = std::string(object) + ": " + std::string(section.name);
        Result<std::vector<std::byte>> plain;
        if (section.header.sh_flags & SHF_COMPRESSED) {
            const auto header = load<Elf64_Chdr>(section.bytes, 0);
            plain = unpack(slice(section.bytes, sizeof header), header.ch_size, where);
        } else if (is_gnu_packed) {
            plain = unpack(slice(section.bytes, 12), __builtin_bswap64(load64(section.bytes, 4)),
                           where);
        } else if (elf.type() == ET_REL) {
            plain = std::vector<std::byte>(section.bytes.begin(), section.bytes.end());
        } else {
            result.by_name[name] = section.bytes;
            continue;
        }
        if (!plain) return std::unexpected(plain.error());
        result.owned.push_back(std::move(*plain));
        result.by_name[name] = result.owned.back();
        writable[i] = &result.owned.back();
    }
    if (elf.type() != ET_REL) return result;
    for (const ElfSection& section : elf.sections()) {
        const auto target = writable.find(section.header.sh_info);
        if (section.header.sh_type != SHT_RELA || target == writable.end()) continue;
        if (section.header.sh_link >= elf.sections().size()) continue;
        const Bytes symbols = elf.sections()[section.header.sh_link].bytes;
        relocate(*target->second, section.bytes, symbols, elf.machine());
    }
    return result;
}

}  // namespace defib::layouts
