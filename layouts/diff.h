// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What is different between two kernels' layouts.
#ifndef DEFIB_LAYOUTS_DIFF_H
#define DEFIB_LAYOUTS_DIFF_H

#include <string>
#include <vector>

#include "layouts/layout.h"
#include "layouts/wanted.h"

namespace defib::layouts {

enum class ChangeKind : uint8_t { structure, member, enumerator, constant, symbol };

// One thing that is not the same: "task_struct.comm": "2976, 16 bytes" and "3008, 16 bytes". A side
// that does not have it is empty.
struct Change {
    ChangeKind kind = ChangeKind::member;
    std::string owner;  // the structure or enumeration; empty for constants and symbols
    std::string name;   // empty: the owner itself
    std::string before;
    std::string after;
    bool is_wanted = false;  // detectors and routines look at it
};

// Wanted ones first, then by kind, owner and name.
//
// A member that one side's layout lacks only because it is partial is no change. Symbols' places
// differ with every build and say nothing; only one that came or went is a change.
std::vector<Change> diff_layouts(const Layout& before, const Layout& after, const Wanted& wanted);

}  // namespace defib::layouts

#endif
