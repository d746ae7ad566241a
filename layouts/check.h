// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether a layout can be true of any kernel, and whether one may act with it. read_layout() has
// already refused what is not a layout at all; this finds what reads well and cannot be.
#ifndef DEFIB_LAYOUTS_CHECK_H
#define DEFIB_LAYOUTS_CHECK_H

#include <string>
#include <vector>

#include "layouts/layout.h"
#include "layouts/wanted.h"

namespace defib::layouts {

struct LayoutReport {
    std::vector<std::string> faults;            // each a line; empty: well-formed
    std::vector<std::string> absent;            // wanted, and not in this kernel: "rq.donor"
    std::vector<std::string> absent_constants;  // of those wanted
    bool is_identified = false;                 // it says whose it is, so that start can prove it

    bool is_well_formed() const { return faults.empty(); }
    // A routine that writes needs the kernel's flags, and certainty about the kernel.
    bool may_act() const { return is_well_formed() && is_identified && absent_constants.empty(); }
};

LayoutReport check_layout(const Layout& layout, const Wanted& wanted);

}  // namespace defib::layouts

#endif
