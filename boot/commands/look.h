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
class Option;
}  // namespace CLI

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

// A target that is guarded elsewhere, in place of one here.
struct Elsewhere {
    std::string to;
    std::string key;
    uint32_t deadline_ms = 10000;
};
// --target or --to, of what has no JSON. Gives back --to, for what else depends on it.
CLI::Option* declare_look_or_to(CLI::App& options, LookArguments& look, Elsewhere& elsewhere,
                                const char* what_the_key_is_for);
// Whether it is one of the two, and not both or none.
Result<void> one_target(const char* command, const LookArguments& look, const Elsewhere& elsewhere);

Result<std::unique_ptr<Session>> open_session(const LookArguments& arguments,
                                              Access access = Access::look);
// With a layout that somebody else found; it must prove to be the kernel's all the same.
Result<std::unique_ptr<Session>> open_session_with(layouts::Layout layout,
                                                   const LookArguments& arguments, Access access);

}  // namespace defib::boot

#endif
