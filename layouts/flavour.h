// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_FLAVOUR_H
#define DEFIB_LAYOUTS_FLAVOUR_H

#include <string_view>

#include "engine/base/result.h"
#include "layouts/layout.h"
#include "layouts/type_names.h"

namespace defib::layouts {

// What a kernel's types alone say of how it was built. What they do not say stays empty.
KernelIdentity flavour_of(const TypeGraph& graph, const TypeNames& names);

}  // namespace defib::layouts

#endif
