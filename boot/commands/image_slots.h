// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_IMAGE_SLOTS_H
#define DEFIB_BOOT_COMMANDS_IMAGE_SLOTS_H

#include "engine/base/command.h"

namespace defib::boot {

// `defib image install IMAGE --slots FILE`
Action declare_image_install(CLI::App& options);

// `defib image slots FILE`
Action declare_image_slots(CLI::App& options);

}  // namespace defib::boot

#endif
