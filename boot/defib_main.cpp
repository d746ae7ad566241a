// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib`: everything that a vendor, an operator or a layout maker does by hand. A table of tables:
// each room brings its own commands.
#include "engine/base/command.h"
#include "layouts/commands.h"

int main(int argc, char** argv) {
    constexpr defib::CommandGroup GROUPS[] = {
        {"layout", "make, show, check and compare kernel layouts"},
    };
    const std::span<const defib::Command> tables[] = {
        defib::layouts::commands(),
    };
    return defib::run_commands("defib",
                               "First aid for a Linux kernel that can no longer help itself.",
                               GROUPS, tables, argc, argv);
}
