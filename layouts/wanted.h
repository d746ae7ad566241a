// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a tailored layout holds: layouts/wanted.json lists what detectors, routines and views ask
// for, in groups, each with its reason.
#ifndef DEFIB_LAYOUTS_WANTED_H
#define DEFIB_LAYOUTS_WANTED_H

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace defib::layouts {

using NameSet = std::set<std::string, std::less<>>;

// What a kernel does not have of it is absent from its layout, and no error.
struct Wanted {
    // Members by structure, values by enumeration; "*" stands for all of them.
    std::map<std::string, NameSet, std::less<>> structs;
    std::map<std::string, NameSet, std::less<>> enums;
    NameSet constants;
    NameSet symbols;
    NameSet stored_symbols;  // of `symbols`: those whose room is wanted too
};

// layouts/wanted.json, which is compiled in.
const Wanted& wanted_by_default();

Result<Wanted> read_wanted(std::string_view json, std::string_view object);

}  // namespace defib::layouts

#endif
