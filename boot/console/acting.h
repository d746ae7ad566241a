// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A repair from the console: what it would store is asked of the session that looks, which cannot
// write; what a person has then said y to is carried out in a session of its own, which is open no
// longer than that. The steps are `defib act`'s.
#ifndef DEFIB_BOOT_CONSOLE_ACTING_H
#define DEFIB_BOOT_CONSOLE_ACTING_H

#include <optional>

#include "boot/commands/act_request.h"
#include "boot/commands/look.h"
#include "boot/console/view.h"

namespace defib::boot::console {

// What this kernel can be given, for the list.
std::vector<RepairRow> repairs_of(const Session& session);

class Acting {
  public:
    Acting(Session& session, LookArguments arguments);

    std::vector<RepairRow> repairs() const { return repairs_of(session_); }

    Told plan(const std::vector<std::string>& words);
    // Of the plan that was shown last.
    Told carry_out();

  private:
    Session& session_;
    LookArguments arguments_;
    std::optional<RepairRequest> request_;
};

}  // namespace defib::boot::console

#endif
