// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/commands.h"

namespace defib::layouts {

std::span<const Command> commands() {
    return {};
}

}  // namespace defib::layouts
