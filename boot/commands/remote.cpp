// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <thread>

#include "boot/commands/dump.h"
#include "boot/commands/remote_findings.h"
#include "boot/commands/remote_hold.h"
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
    bool is_dry_run = false;
    bool is_anew = false;
    bool is_one_sided = false;
    DumpArguments dump;
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
            {"may_read_memory", (second->permissions & DEFIB_REMOTE_MAY_READ_MEMORY) != 0},
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

Result<int> print_answer(const Result<remote::Answered>& told, const Arguments& arguments) {
    if (!told) return std::unexpected(told.error());
    fmt::print("{}", told->text);
    if (told->status == DEFIB_REMOTE_DONE) return DEFIB_EXIT_DONE;
    if (told->status == DEFIB_REMOTE_NOT_DONE) return DEFIB_EXIT_NO;
    return fail(DEFIB_ERROR_BOOT_NOT_DONE, arguments.to, remote::status_text(told->status));
}

Result<DefibRemoteKind> kind_of(const std::string& what) {
#define DEFIB_REMOTE_NAMED(name, number, text) \
    if (what == (text)) return DEFIB_REMOTE_##name;
    DEFIB_REMOTE_KIND_LIST(DEFIB_REMOTE_NAMED)
#undef DEFIB_REMOTE_NAMED
    return fail(DEFIB_ERROR_BASE_USAGE, what, "nothing that can be asked");
}

// What is signed: a plan and a repair.
Result<int> act(Client& client, const Arguments& arguments) {
    if (arguments.key.empty() || arguments.words.empty()) {
        return fail(DEFIB_ERROR_BASE_USAGE, "act", "a routine and --key are needed",
                    "`defib act --list` shows the routines");
    }
    const auto key = remote::read_key(arguments.key);
    if (!key) return std::unexpected(key.error());
    const std::string words =
        fmt::format("{}{}", arguments.is_json ? "json " : "", fmt::join(arguments.words, " "));
    return print_answer(client.ask(arguments.is_dry_run ? DEFIB_REMOTE_PLAN : DEFIB_REMOTE_ACT,
                                   words, *key, std::chrono::milliseconds(arguments.deadline_ms)),
                        arguments);
}

Result<int> view(Client& client, const Arguments& arguments) {
    const auto kind = kind_of(arguments.what);
    if (!kind) return std::unexpected(kind.error());
    return print_answer(client.ask(*kind, arguments.is_json ? "json" : "", std::nullopt,
                                   std::chrono::milliseconds(arguments.deadline_ms)),
                        arguments);
}

Result<int> dump(const Arguments& arguments) {
    DumpArguments dump = arguments.dump;
    if (dump.output.empty()) {
        return fail(DEFIB_ERROR_BASE_USAGE, "dump", "-o FILE is needed");
    }
    dump.to = arguments.to;
    dump.key = arguments.key;
    dump.deadline_ms = arguments.deadline_ms;
    dump.is_one_sided = arguments.is_one_sided;
    return take_dump(dump);
}

Result<int> show(const Arguments& arguments) {
    if (arguments.what == "dump") return dump(arguments);
    std::optional<remote::Key> key;
    if (!arguments.key.empty()) {
        const auto read = remote::read_key(arguments.key);
        if (!read) return std::unexpected(read.error());
        key = *read;
    }
    auto way = remote::connect_to(arguments.to, key);
    if (!way) return std::unexpected(way.error());
    if (arguments.what == "hold") return hold(std::move(*way), arguments.words);
    Client client(**way);
    if (arguments.what == "heartbeat") return heartbeat(client, arguments);
    if (arguments.what == "act") return act(client, arguments);
    if (arguments.what == "findings") {
        const Detection detection = arguments.is_one_sided ? Detection::kept
                                    : arguments.is_anew    ? Detection::anew
                                                           : Detection::last;
        return show_findings(client, arguments.to, std::chrono::milliseconds(arguments.deadline_ms),
                             detection, arguments.is_json ? Shape::json : Shape::lines);
    }
    return view(client, arguments);
}

}  // namespace

Action declare_remote(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options
        .add_option("--to", arguments->to,
                    "where the guard listens: ADDRESS:PORT, rdma:ADDRESS:PORT, or shm:FILE")
        ->required()
        ->type_name("WHERE");
    options
        .add_option("what", arguments->what,
                    "ps, stat, log, locks, findings, heartbeat, act, dump or hold")
        ->required()
        ->check(CLI::IsMember(
            {"ps", "stat", "log", "locks", "findings", "heartbeat", "act", "dump", "hold"}));
    options
        .add_option("words", arguments->words,
                    "of act: as defib act takes them; of hold: ADDRESS:PORT to be asked at here")
        ->type_name("ROUTINE [PID] [NAME=VALUE]");
    options
        .add_option("--key", arguments->key,
                    "the operator's key: of act, and of dump and hold where the guard asks for it")
        ->type_name("FILE");
    options.add_flag("--dry-run", arguments->is_dry_run, "of act: show the plan, write nothing");
    auto* anew = options.add_flag("--now", arguments->is_anew,
                                  "of findings: once all detectors have run anew");
    options
        .add_flag("--one-sided", arguments->is_one_sided,
                  "of findings and dump: only read what is there, and ask nobody")
        ->excludes(anew);
    options.add_option("--deadline", arguments->deadline_ms, "how long to wait for an answer")
        ->type_name("MS");
    options.add_flag("--json", arguments->is_json, "JSON instead of a table");
    declare_dump_output(options, arguments->dump);
    return [arguments] { return show(*arguments); };
}

}  // namespace defib::boot
