// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// From types to a layout. Every reader's graph comes through here, so that a layout means the same
// whatever file it was made from.
//
// What it decides:
// - Members of anonymous structures and unions become members of the structure around them. Members
//   of a *named* member whose own type has no name become "member.inner"; nobody could name them
//   otherwise.
// - `typedef struct {...} sigset_t` is found as sigset_t. A structure's own tag wins over a typedef
//   of the same name.
// - Several structures may bear one name (drivers keep private ones). The first in the file is
//   taken, as every BTF tool does; both compilers' linkers put the core kernel before drivers.
// - A bit-field lies in the aligned unit of its declared type, as pahole prints it; where that unit
//   would reach over the structure's end or does not hold it whole (packed structures), in the
//   smallest run of bytes that does.
// - Enumerators of anonymous enumerations are constants, for that is what C makes of them; one that
//   has two values in two files is left out.
// - A kernel with CONFIG_RANDSTRUCT is refused: gcc's plugin shuffles members after it has told the
//   debug information, which is why such a kernel cannot have BTF of its own (lib/Kconfig.debug).
#ifndef DEFIB_LAYOUTS_LAYOUT_BUILDER_H
#define DEFIB_LAYOUTS_LAYOUT_BUILDER_H

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "layouts/layout.h"
#include "layouts/type_graph.h"

namespace defib::layouts {

using NameSet = std::set<std::string, std::less<>>;

// What a tailored layout holds. What a kernel does not have is absent from its layout.
struct Wanted {
    // Members by structure, values by enumeration; "*" stands for all of them.
    std::map<std::string, NameSet, std::less<>> structs;
    std::map<std::string, NameSet, std::less<>> enums;
    NameSet constants;
    NameSet symbols;
};

struct Everything {};
using Selection = std::variant<Everything, Wanted>;

// layouts/wanted.json, which is compiled in.
const Wanted& wanted_by_default();

// The same from another text of its form.
Result<Wanted> read_wanted(std::string_view json, std::string_view object);

// Structures, enumerations, constants of anonymous enumerations, and what types say of the kernel's
// flavour. Identity, symbols and the constants of headers are the caller's to add.
Result<Layout> build_layout(const TypeGraph& graph, const Selection& selection,
                            std::string_view object);

}  // namespace defib::layouts

#endif
