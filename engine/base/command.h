// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The frame of every command: a room hands over a table of commands, `defib` is the tables
// together.
//
// A command adds its options to a CLI11 app and gives back what to run. It returns an exit status
// (DEFIB_EXIT_DONE or DEFIB_EXIT_NO) or an Error; the frame prints the error as one line on
// standard error and turns it into the exit status of DESIGN.md.
#ifndef DEFIB_ENGINE_BASE_COMMAND_H
#define DEFIB_ENGINE_BASE_COMMAND_H

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace CLI {
class App;
}

namespace defib {

using Action = std::function<Result<int>()>;

struct Command {
    const char* group;  // "layout" for `defib layout extract`; empty for `defib ps`
    const char* name;
    const char* summary;
    Action (*declare)(CLI::App& options);
};

struct CommandGroup {
    const char* name;
    const char* summary;
};

// The whole of a main: parses, runs, prints, returns the exit status.
int run_commands(const char* program, const char* about, std::span<const CommandGroup> groups,
                 std::span<const std::span<const Command>> tables, int argc, char** argv);

// Colours are for terminals whose owner has not set NO_COLOR.
bool wants_colour(int fd);

}  // namespace defib

#endif
