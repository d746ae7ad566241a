// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Types from DWARF, for kernels and modules that carry no BTF.
#ifndef DEFIB_LAYOUTS_DWARF_DWARF_H
#define DEFIB_LAYOUTS_DWARF_DWARF_H

#include <memory>
#include <string_view>

#include "engine/base/result.h"
#include "layouts/artefact/elf.h"
#include "layouts/type_graph.h"

namespace defib::layouts {

struct DwarfTypes {
    TypeGraph types;
    std::shared_ptr<const void> memory;  // what its names are views into, besides the file itself
};

bool has_dwarf_sections(const ElfFile& elf);

// The same graph for any number of threads; 0: one for each CPU.
Result<DwarfTypes> read_dwarf(const ElfFile& elf, std::string_view object, unsigned threads);

}  // namespace defib::layouts

#endif
