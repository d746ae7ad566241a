// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/commands.h"

#include "layouts/commands/diff.h"
#include "layouts/commands/export.h"
#include "layouts/commands/extract.h"
#include "layouts/commands/show.h"

namespace defib::layouts {

std::span<const Command> commands() {
    static constexpr Command COMMANDS[] = {
        {"layout", "extract", "make the layout of a kernel from any of its files", declare_extract},
        {"layout", "show", "print a structure with its offsets and holes", declare_show},
        {"layout", "diff", "say what is different between two kernels", declare_diff},
        {"layout", "export", "write a layout in the form of another tool", declare_export},
    };
    return COMMANDS;
}

}  // namespace defib::layouts
