// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote_raw.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "boot/backend/engine_state.h"
#include "boot/commands/lock_state.h"
#include "boot/commands/log_shown.h"
#include "boot/commands/machine_state.h"
#include "boot/commands/processes.h"
#include "boot/commands/shown.h"
#include "boot/session/statistics.h"
#include "engine/routines/views/log_records.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/processor.h"
#include "image/policy/digest.h"
#include "layouts/layout_json.h"

namespace defib::boot {
namespace {

using remote::Served;
using Json = nlohmann::ordered_json;

// Of the kernel's log in one picture; the next one has what came since.
constexpr size_t MOST_MESSAGES = 500;
// How long it is believed which pages were never touched.
constexpr uint64_t TOUCHED_NS = 10'000'000'000;

template <class T>
std::optional<T> data_as(const std::string& words) {
    if (words.size() != sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, words.data(), sizeof value);
    return value;
}

template <class T>
void append(std::string& text, const T& value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

Json json_of_memory(const Kernel& kernel) {
    Json json = {{"vmcoreinfo", kernel.info.text()}, {"text", kernel.text}};
    json["ranges"] = Json::array();
    for (const DefibRange& one : std::span(kernel.window.ranges).first(kernel.window.count)) {
        json["ranges"].push_back({one.physical, one.size});
    }
    json["linear"] = Json::array();
    for (const DefibLinear& one : std::span(kernel.map.linear).first(kernel.map.linear_count)) {
        json["linear"].push_back({one.first, one.size, one.physical});
    }
    return json;
}

// What a kernel calls itself may be any bytes.
std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string bytes_of(const DefibRecords& records) {
    return {runtime::pointer_to<const char>(records.bytes), records.used};
}

}  // namespace

RemoteRaw::RemoteRaw(Session& session, const Answering& how) : session_(session), how_(how) {
    session.listen([this](const DefibCommand& command, const DefibAnswer& answer) {
        if (seen_ != nullptr) record(command, answer);
    });
}

// -- The session ---------------------------------------------------------------------------------

Json RemoteRaw::runs_of_detectors() {
    Json runs = Json::array();
    const auto figures = figures_of(session_);
    if (!figures) return runs;
    for (const Figure& one : figures->detectors) {
        runs.push_back({{"detector", one.what}, {"runs", one.count}});
    }
    return runs;
}

Served RemoteRaw::tell_session(const std::string& words) {
    if (words == "runs") return {DEFIB_REMOTE_DONE, text_of({{"runs", runs_of_detectors()}})};
    Json json = json_of(session_);
    json["is_core"] = session_.target().kind() == TargetKind::core;
    json["manifest"] = fmt::format("{:016x}", image::digest_of_manifest(how_.manifest));
    json["flags"] = session_.kernel().window.flags;
    json["start_ns"] = how_.start_ns;
    json["memory"] = json_of_memory(session_.kernel());
    json["layout"] = layouts::to_json(session_.layout());
    json["names"] = Json::array();
    for (const auto& [key, name] : how_.names) {
        if (key.first == NameOf::routine || key.first == NameOf::field) continue;
        json["names"].push_back({static_cast<uint32_t>(key.first), key.second, printable(name)});
    }
    json["off"] = Json::array();
    const auto& routines = session_.manifest().routines;
    for (size_t i = 0; i < routines.size(); i++) {
        const std::string& why = session_.bound().routines[i].why_off;
        if (!why.empty()) json["off"].push_back({routines[i].name, why});
    }
    return {DEFIB_REMOTE_DONE, text_of(json)};
}

// -- A picture -----------------------------------------------------------------------------------

void RemoteRaw::record(const DefibCommand& command, const DefibAnswer& answer) {
    if (session_.manifest().number_of("log_message") == command.view.item) {
        return record_log(command, answer);
    }
    DefibRemoteSeen seen{command, answer};
    seen.answer.records.bytes = 0;  // where it lies is nobody's business
    append(*seen_, seen);
    *seen_ += bytes_of(answer.records);
}

// Of messages only the new ones, and of many of these the newest.
void RemoteRaw::record_log(const DefibCommand& command, const DefibAnswer& answer) {
    std::vector<SeenRecord> messages = records_of(answer);
    std::erase_if(messages, [this](const SeenRecord& one) {
        const auto message = one.as<DefibLogRecord>(DEFIB_RECORD_LOG);
        return !message || message->sequence < log_from_;
    });
    const size_t first = messages.size() - std::min(messages.size(), MOST_MESSAGES);
    const auto newest = std::span(messages).subspan(first);
    DefibRemoteSeen seen{command, answer};
    static_assert(sizeof(DefibLogRecord) % 8 == 0);
    constexpr size_t SIZE = sizeof(DefibRecordHeader) + sizeof(DefibLogRecord);
    seen.answer.records = {0, 0, static_cast<uint32_t>(newest.size() * SIZE),
                           static_cast<uint32_t>(newest.size()), 0};
    append(*seen_, seen);
    for (const SeenRecord& one : newest) {
        append(*seen_, DefibRecordHeader{one.kind, static_cast<uint32_t>(one.bytes.size())});
        seen_->append(reinterpret_cast<const char*>(one.bytes.data()), one.bytes.size());
    }
}

Served RemoteRaw::take_picture(const std::string& words) {
    const auto wanted = data_as<DefibRemotePicture>(words);
    if (!wanted) return {DEFIB_REMOTE_NOT_DONE, "that asks for no picture\n"};
    Served told;
    seen_ = &told.text;
    log_from_ = wanted->log_from;
    // What one cannot see the remote cannot either, and finds out why by itself.
    const auto machine = look_at_machine(session_);
    bool has_any = machine.has_value();
    has_any |= look_at_processes(session_, TasksOf::processes).has_value();
    has_any |= look_at_locks(session_).has_value();
    if (wanted->has_log != 0) has_any |= look_at_log(session_).has_value();
    seen_ = nullptr;
    if (!has_any) {
        return {DEFIB_REMOTE_NOT_DONE, to_line(machine.error()) + "\n"};
    }
    return told;
}

// -- The journal, memory -------------------------------------------------------------------------

Served RemoteRaw::tell_journal(const std::string& words) const {
    const auto first = data_as<uint64_t>(words);
    if (!first) return {DEFIB_REMOTE_NOT_DONE, "a sequence is 8 bytes\n"};
    Served told;
    DefibJournalEntry entry{};
    uint64_t next = std::max<uint64_t>(*first, 1);
    for (int i = 0; i < DEFIB_JOURNAL_ENTRIES; i++) {
        if (!runtime::read_entry(session_.engine().journal(), next, entry)) break;
        append(told.text, entry);
        next = entry.sequence + 1;
    }
    return told;
}

// A dump of an hour must not leave out what was touched since it began.
Result<PageChoice*> RemoteRaw::choice_of_pages(uint32_t level) {
    const uint64_t now = now_ns();
    if (choice_ && level == level_ && now - chosen_ns_ < TOUCHED_NS) return &*choice_;
    auto choice = PageChoice::of(*how_.memory, session_.kernel(), session_.layout(), level);
    if (!choice) return std::unexpected(choice.error());
    choice_.emplace(std::move(*choice));
    level_ = level;
    chosen_ns_ = now;
    return &*choice_;
}

Served RemoteRaw::read_memory(const std::string& words) {
    if (how_.memory == nullptr) return {DEFIB_REMOTE_NOT_OPEN, {}};
    const auto wanted = data_as<DefibRemoteMemory>(words);
    const Bytes pages = wanted ? pages_asked_for(session_.kernel().window, *wanted) : Bytes();
    if (pages.empty()) {
        return {DEFIB_REMOTE_NOT_DONE, "not whole pages of one range of the target's memory\n"};
    }
    const auto choice = choice_of_pages(wanted->level);
    if (!choice) return {DEFIB_REMOTE_NOT_DONE, to_line(choice.error()) + "\n"};
    return {DEFIB_REMOTE_DONE, (*choice)->pages_for_remote(wanted->address, pages)};
}

}  // namespace defib::boot
