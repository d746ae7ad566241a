// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/locks.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "boot/commands/locks_shown.h"
#include "boot/commands/look.h"
#include "boot/commands/task_state.h"

namespace defib::boot {
namespace {

Result<int> locks(const LookArguments& arguments) {
    auto session = open_session(arguments);
    if (!session) return std::unexpected(session.error());
    const auto seen = look_at_locks(**session);
    if (!seen) return std::unexpected(seen.error());
    const LockPlaces places = places_of(**session, *seen);
    if (arguments.is_json) {
        auto json = json_of(**session, *seen);
        json["places"] = nlohmann::ordered_json::object();
        for (const auto& [lock, place] : places) json["places"][fmt::format("{:#x}", lock)] = place;
        print_json(json);
        return DEFIB_EXIT_DONE;
    }
    fmt::print("{}", text_of(**session, *seen));
    if (!places.empty()) fmt::print("\n{:<18} {}\n", "LOCK", "LIES IN");
    for (const auto& [lock, place] : places) {
        fmt::print("{:<#18x} {}\n", lock, printable(place));
    }
    if (!seen->doubts.empty()) {
        fmt::print(stderr, "defib: {}: {}\n", arguments.target, seen->doubts);
    }
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_locks(CLI::App& options) {
    auto arguments = std::make_shared<LookArguments>();
    declare_look(options, *arguments);
    return [arguments] { return locks(*arguments); };
}

}  // namespace defib::boot
