// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The bytes of an ELF core: its header, its notes.
#ifndef DEFIB_BOOT_SALVAGE_ELF_NOTES_H
#define DEFIB_BOOT_SALVAGE_ELF_NOTES_H

#include <elf.h>

#include <cstring>
#include <string>
#include <string_view>

namespace defib::boot {

inline constexpr std::string_view OUR_NOTES = "DEFIB";
inline constexpr uint64_t NOTE_ALIGNMENT = 4;

constexpr uint64_t round_up(uint64_t value, uint64_t to) {
    return (value + to - 1) / to * to;
}

template <class T>
void append(std::string& to, const T& value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void append_note(std::string& to, std::string_view name, uint32_t type,
                        std::string_view text) {
    append(to, Elf64_Nhdr{.n_namesz = static_cast<Elf64_Word>(name.size() + 1),
                          .n_descsz = static_cast<Elf64_Word>(text.size()),
                          .n_type = type});
    to.append(name).push_back('\0');
    to.resize(round_up(to.size(), NOTE_ALIGNMENT));
    to.append(text);
    to.resize(round_up(to.size(), NOTE_ALIGNMENT));
}

// Of a core for this architecture, its segments' headers at `segments_at`.
inline Elf64_Ehdr core_header(size_t segments, uint64_t segments_at) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_CORE;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_phoff = segments_at;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(segments);
    return header;
}

}  // namespace defib::boot

#endif
