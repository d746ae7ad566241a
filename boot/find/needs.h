// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_FIND_NEEDS_H
#define DEFIB_BOOT_FIND_NEEDS_H

#include "layouts/layout_builder.h"

namespace defib::boot {

// All that this room asks of a layout: to prove a kernel, to complete its map, to tell its reboot,
// to find scratch memory. What is not named here a binding file does not keep.
void want_to_find(layouts::Wanted& wanted);

}  // namespace defib::boot

#endif
