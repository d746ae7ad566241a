// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib`: everything that a vendor, an operator or a layout maker does by hand. A table of tables:
// each room brings its own commands.
#include "boot/commands/commands.h"
#include "boot/console/console.h"
#include "engine/base/command.h"
#include "image/commands.h"
#include "layouts/commands.h"
#include "signing/commands.h"

int main(int argc, char** argv) {
    constexpr defib::CommandGroup GROUPS[] = {
        {"layout", "make, show, check and compare kernel layouts"},
        {"key", "make keys and key sets, and say which ones a machine trusts"},
        {"policy", "what is done about which fault"},
        {"image", "build, sign, verify and show the image that a machine starts"},
    };
    const std::span<const defib::Command> tables[] = {
        defib::boot::commands(),    defib::boot::console::commands(), defib::layouts::commands(),
        defib::signing::commands(), defib::image::commands(),
    };
    return defib::run_commands("defib",
                               "First aid for a Linux kernel that can no longer help itself.",
                               GROUPS, tables, argc, argv);
}
