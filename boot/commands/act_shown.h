// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_ACT_SHOWN_H
#define DEFIB_BOOT_COMMANDS_ACT_SHOWN_H

#include <nlohmann/json.hpp>

#include "boot/commands/act_request.h"

namespace defib::boot {

// A plan, or what came of it, for programs.
nlohmann::ordered_json repair_as_json(const Session& session, const RepairRequest& request,
                                      const Repair& repair, Tense tense);

}  // namespace defib::boot

#endif
