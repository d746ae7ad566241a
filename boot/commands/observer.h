// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_OBSERVER_H
#define DEFIB_BOOT_COMMANDS_OBSERVER_H

#include "boot/session/guard.h"

namespace defib::boot {

// A guard with the policy that comes along, which finds everything and does nothing.
Result<std::unique_ptr<Guard>> start_observer(Session& session);

}  // namespace defib::boot

#endif
