// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the commands that look at a target have in common: their options, and the way to a session.
#ifndef DEFIB_BOOT_COMMANDS_LOOK_H
#define DEFIB_BOOT_COMMANDS_LOOK_H

#include <memory>
#include <string>

#include "boot/commands/shown.h"
#include "boot/session/session.h"

namespace CLI {
class App;
}

namespace defib::boot {

struct LookArguments {
    std::string target;
    std::string layout;  // a file; empty: the target's own memory tells
    bool is_json = false;
    BackendChoice backend{.backend = Backend::automatic};
};

// --backend and --gpu.
void declare_backend(CLI::App& options, BackendChoice& choice);

void declare_look(CLI::App& options, LookArguments& arguments);

Result<std::unique_ptr<Session>> open_session(const LookArguments& arguments,
                                              Access access = Access::look);
// With a layout that somebody else found; it must prove to be the kernel's all the same.
Result<std::unique_ptr<Session>> open_session_with(layouts::Layout layout,
                                                   const LookArguments& arguments, Access access);

}  // namespace defib::boot

#endif
