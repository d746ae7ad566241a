// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Telling systemd that the start is over, and that it still runs (sd_notify(3)): datagrams to a
// socket that it names, without its library.
#ifndef DEFIB_BOOT_APPLIANCE_NOTIFY_H
#define DEFIB_BOOT_APPLIANCE_NOTIFY_H

#include <string_view>

#include "engine/base/unique_fd.h"

namespace defib::boot {

// Not open where nobody wants to know.
UniqueFd open_notify();

// Nothing can be done where it fails. Does not allocate.
void notify(const UniqueFd& socket, std::string_view state);

}  // namespace defib::boot

#endif
