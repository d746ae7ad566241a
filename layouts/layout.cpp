// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/layout.h"

#include <algorithm>

namespace defib::layouts {

const LayoutMember* LayoutStruct::find(std::string_view name) const {
    const auto found = std::ranges::find(members, name, &LayoutMember::name);
    return found == members.end() ? nullptr : &*found;
}

}  // namespace defib::layouts
