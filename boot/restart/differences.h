// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a mapping held, against what it holds as it is made: zeros, or its file.
#ifndef DEFIB_BOOT_RESTART_DIFFERENCES_H
#define DEFIB_BOOT_RESTART_DIFFERENCES_H

#include <functional>

#include "boot/restart/saved_process.h"

namespace defib::boot {

// Whole pages that are to be written to that address.
using TakeDifference = std::function<Result<void>(uint64_t address, Bytes bytes)>;

// `file` is open for reading, or -1: zeros.
Result<void> for_each_difference(const SavedProcess& process, const SavedMapping& mapping, int file,
                                 const TakeDifference& take);

}  // namespace defib::boot

#endif
