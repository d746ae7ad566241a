// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The debug sections of an ELF file, made plain: unpacked where they are compressed, relocated
// where the file is a module that nobody has linked yet.
#ifndef DEFIB_LAYOUTS_DWARF_SECTIONS_H
#define DEFIB_LAYOUTS_DWARF_SECTIONS_H

#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "layouts/artefact/elf.h"

namespace defib::layouts {

struct DebugSections {
    std::map<std::string, Bytes, std::less<>> by_name;  // "debug_info", "debug_str", ...
    std::list<std::vector<std::byte>> owned;            // those that are not as in the file
};

Result<DebugSections> debug_sections(const ElfFile& elf, std::string_view object);

}  // namespace defib::layouts

#endif
