// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A layout as text (layouts/schema/layout.schema.json). One layout has one text: everything is in a
// fixed order, what has its default value is left out, one line per member. So texts can be
// compared by bytes, signed, and read in a diff.
#ifndef DEFIB_LAYOUTS_LAYOUT_JSON_H
#define DEFIB_LAYOUTS_LAYOUT_JSON_H

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "layouts/layout.h"

namespace defib::layouts {

std::string to_json(const Layout& layout);

// Strict: an unknown key, a wrong type, a duplicate or a number out of range is an error. The text
// may come from anywhere.
Result<Layout> read_layout(std::string_view json, std::string_view object);

}  // namespace defib::layouts

#endif
