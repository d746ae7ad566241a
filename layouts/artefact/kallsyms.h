// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The kernel's own symbol table, which every kernel built with CONFIG_KALLSYMS carries inside
// itself, compressed; format as written by scripts/kallsyms.c.
#ifndef DEFIB_LAYOUTS_ARTEFACT_KALLSYMS_H
#define DEFIB_LAYOUTS_ARTEFACT_KALLSYMS_H

#include "engine/base/file.h"
#include "engine/base/result.h"
#include "layouts/artefact/symbols.h"

namespace defib::layouts {

// Where each table begins; each span may reach further than its table does.
struct KallsymsTables {
    uint32_t count = 0;  // kallsyms_num_syms
    Bytes names;         // kallsyms_names
    Bytes token_table;   // kallsyms_token_table
    Bytes token_index;   // kallsyms_token_index
    Bytes offsets;       // kallsyms_offsets
    uint64_t relative_base = 0;
};

struct Kallsyms {
    SymbolMap symbols;
    uint64_t text = 0;  // the address of _text in this image
};

// In a file that nobody labelled: found by their structure. `image` is the kernel's read-only data,
// or all of the kernel.
Result<KallsymsTables> find_kallsyms(Bytes image, std::string_view object);

// What lies at an address, as "name" or "name+0x10": the last symbol that begins at or before it.
// Decodes no other name. Empty: before the first symbol, behind the last, or no tables.
std::string symbol_at(const KallsymsTables& tables, uint64_t address);

Result<Kallsyms> decode_kallsyms(const KallsymsTables& tables, std::string_view object);

}  // namespace defib::layouts

#endif
