// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_ISF_H
#define DEFIB_LAYOUTS_ISF_H

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "layouts/layout.h"

namespace defib::layouts {

// The layout as a symbol file of Volatility 3, format 6.2.0. `object` is what errors are about.
Result<std::string> to_isf(const Layout& layout, std::string_view object);

}  // namespace defib::layouts

#endif
