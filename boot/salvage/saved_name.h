// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Under which name a file that was found in memory is kept here.
//
// A name comes out of a kernel that may be broken or somebody's who means harm: it is any bytes.
// One that a file of this machine can have stays as it is; what would lead elsewhere ("..", a
// slash) or is no name (nothing, a NUL) is written as %XX, and what is too long is cut, with a %~
// that says so.
#ifndef DEFIB_BOOT_SALVAGE_SAVED_NAME_H
#define DEFIB_BOOT_SALVAGE_SAVED_NAME_H

#include <string>
#include <string_view>
#include <vector>

namespace defib::boot {

// As it was found, outermost first; empty: the root itself.
using Path = std::vector<std::string>;

// One step of a path: never empty, "." or "..", at most 255 bytes, without a slash or a NUL.
std::string saved_name(std::string_view name);

}  // namespace defib::boot

#endif
