// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <thread>

#include "boot/commands/look.h"
#include "boot/remote/client.h"

namespace defib::boot {
namespace {

using remote::Client;

struct Arguments {
    std::string to;
    std::string what;
    std::vector<std::string> words;
    std::string key;
    uint32_t deadline_ms = 10000;
    bool is_json = false;
};

Result<int> heartbeat(Client& client, const Arguments& arguments) {
    constexpr auto BETWEEN = std::chrono::milliseconds(200);
    const auto first = client.head();
    if (!first) return std::unexpected(first.error());
    std::this_thread::sleep_for(BETWEEN);
    const auto second = client.head();
    if (!second) return std::unexpected(second.error());
    const bool answers = second->heartbeat != first->heartbeat;
    const uint64_t turns = second->engine_turns - first->engine_turns;
    if (arguments.is_json) {
        nlohmann::ordered_json json = {
            {"answers", answers},
            {"turns", second->engine_turns},
            {"turns_between", turns},
            {"may_act", (second->permissions & DEFIB_REMOTE_MAY_ACT) != 0},
            {"answered", nlohmann::ordered_json::object()}};
#define DEFIB_REMOTE_COUNT(name, number, text) json["answered"][#name] = second->answered[number];
        DEFIB_REMOTE_STATUS_LIST(DEFIB_REMOTE_COUNT)
#undef DEFIB_REMOTE_COUNT
        print_json(json);
    } else if (answers) {
        fmt::print("alive: the engine turned {} times in {} ms; acting is {}\n", turns,
                   BETWEEN.count(),
                   (second->permissions & DEFIB_REMOTE_MAY_ACT) != 0 ? "allowed to who has the key"
                                                                     : "not allowed");
    } else {
        fmt::print("dead: its memory can be read, and nobody looks at requests\n");
    }
    return answers ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}

Result<DefibRemoteKind> kind_of(const std::string& what) {
#define DEFIB_REMOTE_NAMED(name, number, text) \
    if (what == (text)) return DEFIB_REMOTE_##name;
    DEFIB_REMOTE_KIND_LIST(DEFIB_REMOTE_NAMED)
#undef DEFIB_REMOTE_NAMED
    return fail(DEFIB_ERROR_BASE_USAGE, what, "nothing that can be asked");
}

Result<int> ask(Client& client, const Arguments& arguments) {
    const auto kind = kind_of(arguments.what);
    if (!kind) return std::unexpected(kind.error());
    std::optional<remote::Key> key;
    if (*kind == DEFIB_REMOTE_ACT) {
        if (arguments.key.empty() || arguments.words.empty()) {
            return fail(DEFIB_ERROR_BASE_USAGE, "act", "a routine and --key are needed",
                        "`defib act --list` shows the routines");
        }
        const auto read = remote::read_key(arguments.key);
        if (!read) return std::unexpected(read.error());
        key = *read;
    }
    const std::string words = *kind == DEFIB_REMOTE_ACT
                                  ? fmt::format("{}", fmt::join(arguments.words, " "))
                              : arguments.is_json ? "json"
                                                  : "";
    const auto told =
        client.ask(*kind, words, key, std::chrono::milliseconds(arguments.deadline_ms));
    if (!told) return std::unexpected(told.error());
    fmt::print("{}", told->text);
    if (told->status == DEFIB_REMOTE_DONE) return DEFIB_EXIT_DONE;
    if (told->status == DEFIB_REMOTE_NOT_DONE) return DEFIB_EXIT_NO;
    return fail(DEFIB_ERROR_BOOT_NOT_DONE, arguments.to, remote::status_text(told->status));
}

Result<int> show(const Arguments& arguments) {
    const auto way = remote::connect_to(arguments.to);
    if (!way) return std::unexpected(way.error());
    Client client(**way);
    if (arguments.what == "heartbeat") return heartbeat(client, arguments);
    return ask(client, arguments);
}

}  // namespace

Action declare_remote(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options
        .add_option("--to", arguments->to,
                    "where defib run --serve listens: ADDRESS:PORT, or shm:FILE")
        ->required()
        ->type_name("WHERE");
    options.add_option("what", arguments->what, "ps, stat, log, locks, heartbeat or act")
        ->required()
        ->check(CLI::IsMember({"ps", "stat", "log", "locks", "heartbeat", "act"}));
    options.add_option("words", arguments->words, "of act: as defib act takes them")
        ->type_name("ROUTINE [PID] [NAME=VALUE]");
    options.add_option("--key", arguments->key, "of act: the operator's key")->type_name("FILE");
    options.add_option("--deadline", arguments->deadline_ms, "how long to wait for an answer")
        ->type_name("MS");
    options.add_flag("--json", arguments->is_json, "JSON instead of a table");
    return [arguments] { return show(*arguments); };
}

}  // namespace defib::boot
