// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_COMMANDS_LOAD_H
#define DEFIB_LAYOUTS_COMMANDS_LOAD_H

#include <string>

#include "engine/base/result.h"
#include "layouts/layout.h"

namespace defib::layouts {

Result<Layout> load_layout(const std::string& path);

}  // namespace defib::layouts

#endif
