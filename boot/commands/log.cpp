// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/log.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "boot/commands/log_shown.h"
#include "boot/commands/look.h"

namespace defib::boot {
namespace {

constexpr uint32_t LEAST_URGENT = 7;

struct Arguments {
    LookArguments look;
    uint32_t level = LEAST_URGENT;
};

Result<int> log(const Arguments& arguments) {
    auto session = open_session(arguments.look);
    if (!session) return std::unexpected(session.error());
    const auto seen = look_at_log(**session);
    if (!seen) return std::unexpected(seen.error());
    if (arguments.look.is_json) {
        print_json(json_of(**session, *seen, arguments.level));
        return DEFIB_EXIT_DONE;
    }
    fmt::print("{}", text_of(*seen, arguments.level));
    const std::string doubts = doubts_of(seen->answer);
    if (!doubts.empty()) fmt::print(stderr, "defib: {}: {}\n", arguments.look.target, doubts);
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_log(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    declare_look(options, arguments->look);
    options
        .add_option("--level", arguments->level, "the least urgent level to show: 0 to 7 (default)")
        ->check(CLI::Range(0U, LEAST_URGENT));
    return [arguments] { return log(*arguments); };
}

}  // namespace defib::boot
