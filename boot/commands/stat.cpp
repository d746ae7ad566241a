// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/stat.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "boot/commands/engine_stat.h"
#include "boot/commands/look.h"
#include "boot/commands/stat_shown.h"

namespace defib::boot {
namespace {

Result<int> stat(const LookArguments& arguments) {
    auto session = open_session(arguments);
    if (!session) return std::unexpected(session.error());
    const auto seen = look_at_machine(**session);
    if (!seen) return std::unexpected(seen.error());
    if (arguments.is_json) {
        print_json(json_of(**session, *seen));
        return DEFIB_EXIT_DONE;
    }
    fmt::print("{}", text_of(*seen));
    if (!seen->doubts.empty()) {
        fmt::print(stderr, "defib: {}: {}\n", arguments.target, seen->doubts);
    }
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_stat(CLI::App& options) {
    struct Arguments {
        LookArguments look;
        bool is_of_engine = false;
        uint32_t seconds = 5;
    };
    auto arguments = std::make_shared<Arguments>();
    declare_look(options, arguments->look);
    auto* engine = options.add_flag(
        "--engine", arguments->is_of_engine,
        "what guarding it costs instead: all detectors run for a while, nothing is written");
    options.add_option("--for", arguments->seconds, "with --engine: how long")
        ->needs(engine)
        ->type_name("SECONDS");
    return [arguments] {
        return arguments->is_of_engine ? show_engine(arguments->look, arguments->seconds)
                                       : stat(arguments->look);
    };
}

}  // namespace defib::boot
