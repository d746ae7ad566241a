// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/log.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "boot/commands/look.h"
#include "engine/routines/views/log_records.h"

namespace defib::boot {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;
constexpr uint64_t NS_A_MICROSECOND = 1000;
constexpr uint32_t LEAST_URGENT = 7;

struct Arguments {
    LookArguments look;
    uint32_t level = LEAST_URGENT;
};

std::string_view text_of(const DefibLogRecord& message) {
    const auto* text = reinterpret_cast<const char*>(message.text);
    return {text, std::min<size_t>(message.length, sizeof message.text)};
}

// As the console shows it: each line of a message with the message's time (record_print_text()).
void print_lines(const DefibLogRecord& message) {
    std::string_view rest = text_of(message);
    do {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        fmt::print("[{:5}.{:06}] {}\n", message.time_ns / NS_A_SECOND,
                   message.time_ns % NS_A_SECOND / NS_A_MICROSECOND, printable(line));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    } while (!rest.empty());
}

nlohmann::ordered_json json_of(const DefibLogRecord& message) {
    std::string text;
    std::string_view rest = text_of(message);
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        text += printable(line);
        if (line.size() < rest.size()) text += '\n';
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    return {{"sequence", message.sequence}, {"time_ns", message.time_ns},  {"level", message.level},
            {"facility", message.facility}, {"caller", message.caller_id}, {"text", text}};
}

Result<int> log(const Arguments& arguments) {
    auto session = open_session(arguments.look);
    if (!session) return std::unexpected(session.error());
    const auto seen = (*session)->view("log_message");
    if (!seen) return std::unexpected(seen.error());
    const std::string doubts = doubts_of(seen->answer);
    if (seen->records.empty() && !doubts.empty()) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, arguments.look.target, "no message found",
                    doubts);
    }
    auto json = boot::json_of(**session);
    json["torn"] = seen->answer.torn;
    json["complete"] = seen->answer.incomplete == 0 && seen->answer.records.lost == 0;
    json["messages"] = nlohmann::ordered_json::array();
    for (const SeenRecord& record : seen->records) {
        const auto message = record.as<DefibLogRecord>(DEFIB_RECORD_LOG);
        if (!message || message->level > arguments.level) continue;
        if (arguments.look.is_json) {
            json["messages"].push_back(json_of(*message));
        } else {
            print_lines(*message);
        }
    }
    if (arguments.look.is_json) {
        print_json(json);
    } else if (!doubts.empty()) {
        fmt::print(stderr, "defib: {}: {}\n", arguments.look.target, doubts);
    }
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
