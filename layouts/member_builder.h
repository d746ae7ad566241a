// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One structure's members as a layout has them: flattened, with resolved types.
#ifndef DEFIB_LAYOUTS_MEMBER_BUILDER_H
#define DEFIB_LAYOUTS_MEMBER_BUILDER_H

#include <string_view>

#include "engine/base/result.h"
#include "layouts/layout.h"
#include "layouts/type_graph.h"

namespace defib::layouts {

// All members of the structure or union `id` of a valid graph. `name` is for errors.
Result<LayoutStruct> build_struct(const TypeGraph& graph, TypeId id, std::string_view name,
                                  std::string_view object);

}  // namespace defib::layouts

#endif
