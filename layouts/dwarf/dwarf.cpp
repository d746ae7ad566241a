// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/dwarf/dwarf.h"

namespace defib::layouts {

bool has_dwarf_sections(const ElfFile& elf) {
    return elf.section(".debug_info") != nullptr;
}

Result<DwarfTypes> read_dwarf(const ElfFile&, std::string_view object, unsigned) {
    return fail(DEFIB_ERROR_LAYOUT_UNSUPPORTED, std::string(object), "DWARF");
}

}  // namespace defib::layouts
