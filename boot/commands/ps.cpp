// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/ps.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "boot/commands/look.h"
#include "boot/commands/ps_shown.h"

namespace defib::boot {
namespace {

struct Arguments {
    LookArguments look;
    bool with_threads = false;
};

Result<int> ps(const Arguments& arguments) {
    auto session = open_session(arguments.look);
    if (!session) return std::unexpected(session.error());
    const auto seen = look_at_processes(
        **session, arguments.with_threads ? TasksOf::threads : TasksOf::processes);
    if (!seen) return std::unexpected(seen.error());
    if (arguments.look.is_json) {
        print_json(json_of(**session, *seen));
        return DEFIB_EXIT_DONE;
    }
    fmt::print("{}", text_of(seen->all));
    if (!seen->doubts.empty())
        fmt::print(stderr, "defib: {}: {}\n", arguments.look.target, seen->doubts);
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_ps(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    declare_look(options, arguments->look);
    options.add_flag("--threads", arguments->with_threads, "every thread, not only processes");
    return [arguments] { return ps(*arguments); };
}

}  // namespace defib::boot
