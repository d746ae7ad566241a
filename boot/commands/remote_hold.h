// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib remote --to rdma:... hold ADDRESS:PORT`: a connection that is made while the guarded
// machine lives, and kept for when it does not: a dead one agrees on no new one. What asks here
// over TCP reads and writes through it.
#ifndef DEFIB_BOOT_COMMANDS_REMOTE_HOLD_H
#define DEFIB_BOOT_COMMANDS_REMOTE_HOLD_H

#include <memory>
#include <string>
#include <vector>

#include "boot/remote/one_sided.h"

namespace defib::boot {

// Until it is interrupted.
Result<int> hold(std::unique_ptr<remote::OneSided> memory, const std::vector<std::string>& words);

}  // namespace defib::boot

#endif
