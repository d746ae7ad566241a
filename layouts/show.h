// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_SHOW_H
#define DEFIB_LAYOUTS_SHOW_H

#include <string>
#include <string_view>

#include "layouts/layout.h"

namespace defib::layouts {

// A structure as pahole prints it: members with offset and size, holes, cacheline boundaries,
// totals. Of a partial one a gap may hold members that are not listed, and is named so. Members of
// anonymous structures and unions stand flat; those that share bytes are marked.
std::string show_struct(std::string_view name, const LayoutStruct& structure);

// "6.1.0-56-amd64 (x86_64, SMP)", or what little the layout says.
std::string kernel_line(const KernelIdentity& kernel);

}  // namespace defib::layouts

#endif
