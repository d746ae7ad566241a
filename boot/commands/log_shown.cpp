// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/log_shown.h"

#include <fmt/format.h>

#include "boot/commands/shown.h"
#include "engine/routines/views/log_records.h"

namespace defib::boot {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;
constexpr uint64_t NS_A_MICROSECOND = 1000;
constexpr uint32_t LEAST_URGENT = 7;

std::string_view text_of(const DefibLogRecord& message) {
    const auto* text = reinterpret_cast<const char*>(message.text);
    return {text, std::min<size_t>(message.length, sizeof message.text)};
}

// As the console shows it: each line of a message with the message's time (record_print_text()).
std::string lines_of(const DefibLogRecord& message) {
    std::string lines;
    std::string_view rest = text_of(message);
    do {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        lines += fmt::format("[{:5}.{:06}] {}\n", message.time_ns / NS_A_SECOND,
                             message.time_ns % NS_A_SECOND / NS_A_MICROSECOND, printable(line));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    } while (!rest.empty());
    return lines;
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

}  // namespace

std::string text_of(const Seen& seen, uint32_t level) {
    std::string text;
    for (const SeenRecord& record : seen.records) {
        const auto message = record.as<DefibLogRecord>(DEFIB_RECORD_LOG);
        if (message && message->level <= level) text += lines_of(*message);
    }
    return text;
}

nlohmann::ordered_json json_of(const Session& session, const Seen& seen, uint32_t level) {
    auto json = boot::json_of(session);
    json["torn"] = seen.answer.torn;
    json["complete"] = seen.answer.incomplete == 0 && seen.answer.records.lost == 0;
    json["messages"] = nlohmann::ordered_json::array();
    for (const SeenRecord& record : seen.records) {
        const auto message = record.as<DefibLogRecord>(DEFIB_RECORD_LOG);
        if (message && message->level <= level) json["messages"].push_back(json_of(*message));
    }
    return json;
}

Result<Seen> look_at_log(Session& session) {
    auto seen = session.view("log_message");
    if (!seen) return seen;
    const std::string doubts = doubts_of(seen->answer);
    if (seen->records.empty() && !doubts.empty()) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, session.target().name(), "no message found",
                    doubts);
    }
    return seen;
}

Result<std::string> log_as_text(Session& session) {
    const auto seen = look_at_log(session);
    if (!seen) return std::unexpected(seen.error());
    return text_of(*seen, LEAST_URGENT);
}

Result<nlohmann::ordered_json> log_as_json(Session& session) {
    const auto seen = look_at_log(session);
    if (!seen) return std::unexpected(seen.error());
    return json_of(session, *seen, LEAST_URGENT);
}

}  // namespace defib::boot
