// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where pictures come from, and who carries out repairs: a target that this machine reads, or one
// that a guard elsewhere tells of. A console never waits for either.
#ifndef DEFIB_BOOT_CONSOLE_SOURCE_H
#define DEFIB_BOOT_CONSOLE_SOURCE_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "boot/console/picture.h"
#include "boot/console/view.h"

namespace defib::boot::console {

class Source {
  public:
    Source() = default;
    virtual ~Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    // Brings the picture up to date.
    virtual void look(uint64_t now_ns) = 0;
    virtual Picture& picture() = 0;

    // What this kernel can be given, for the list.
    virtual std::vector<RepairRow> repairs() = 0;

    // What the repair would store; nothing: told() has it later.
    virtual std::optional<Told> plan(const std::vector<std::string>& words) = 0;
    // Of the plan that was shown last; likewise.
    virtual std::optional<Told> carry_out() = 0;
    // What came since then of the last of these.
    virtual std::optional<Told> told() = 0;
};

}  // namespace defib::boot::console

#endif
