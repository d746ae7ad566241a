// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_IMAGE_COMMANDS_H
#define DEFIB_IMAGE_COMMANDS_H

#include <span>

#include "engine/base/command.h"

namespace defib::image {

// `defib image ...`
std::span<const Command> commands();

}  // namespace defib::image

#endif
