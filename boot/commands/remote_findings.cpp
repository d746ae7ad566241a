// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote_findings.h"

#include <fmt/format.h>

#include <map>
#include <thread>

#include "boot/commands/remote_session.h"
#include "boot/commands/shown.h"
#include "boot/journal/narrator.h"

namespace defib::boot {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

Result<std::vector<uint64_t>> ask_runs(remote::Client& client, const std::string& from,
                                       milliseconds within) {
    const auto told = ask_remote(client, DEFIB_REMOTE_SESSION, "runs", std::nullopt, from, within);
    if (!told) return std::unexpected(told.error());
    return read_runs(*told, from);
}

// A run that is counted now and was not before has begun since then: the engine answers between
// two turns of its loop.
Result<void> wait_for_all_to_run(remote::Client& client, const std::string& from,
                                 milliseconds within) {
    constexpr auto BETWEEN = milliseconds(20);
    const auto before = ask_runs(client, from, within);
    if (!before) return std::unexpected(before.error());
    for (const auto end = Clock::now() + within;;) {
        const auto now = ask_runs(client, from, within);
        if (!now) return std::unexpected(now.error());
        bool have_all = now->size() == before->size();
        for (size_t i = 0; have_all && i < now->size(); i++) have_all = (*now)[i] > (*before)[i];
        if (have_all) return {};
        if (Clock::now() > end) {
            return fail(DEFIB_ERROR_BOOT_ENGINE, from, "not all detectors have run in that time",
                        "--deadline MS");
        }
        std::this_thread::sleep_for(BETWEEN);
    }
}

// Of the journal, which may have lost the beginning of a finding that lasts very long.
std::vector<DefibJournalEntry> still_open(const std::vector<DefibJournalEntry>& entries) {
    std::map<uint64_t, DefibJournalEntry> open;
    for (const DefibJournalEntry& entry : entries) {
        if (entry.kind == DEFIB_JOURNAL_OPENED) open[entry.case_number] = entry;
        if (entry.kind == DEFIB_JOURNAL_CLOSED) open.erase(entry.case_number);
    }
    std::vector<DefibJournalEntry> all;
    for (const auto& [number, entry] : open) all.push_back(entry);
    return all;
}

void print_lines(Narrator& narrator, const std::vector<DefibJournalEntry>& entries, uint64_t lost) {
    if (lost != 0) fmt::print("{:>13}       ... {} entries were overwritten before\n", "", lost);
    for (const DefibJournalEntry& entry : entries) {
        const std::string line = narrator.line_of(entry);
        if (!line.empty()) fmt::print("{}\n", line);
    }
    const auto open = still_open(entries);
    fmt::print("now: {}\n", open.empty() ? "nothing is found" : "found, and not over:");
    for (const DefibJournalEntry& entry : open) fmt::print("{}\n", narrator.line_of(entry));
}

}  // namespace

Result<int> show_findings(remote::Client& client, const std::string& from, milliseconds within,
                          Detection detection, Shape shape) {
    const auto session = RemoteSession::open(
        client, from, within, detection == Detection::kept ? Told::before : Told::when_asked);
    if (!session) return std::unexpected(session.error());
    if (detection == Detection::anew) {
        if (auto ran = wait_for_all_to_run(client, from, within); !ran)
            return std::unexpected(ran.error());
    }
    uint64_t lost = 0;
    const auto entries = (*session)->read_journal_on(lost);
    if (!entries) return std::unexpected(entries.error());
    Narrator narrator((*session)->names(), (*session)->start_ns());
    if (shape == Shape::lines) {
        print_lines(narrator, *entries, lost);
        return DEFIB_EXIT_DONE;
    }
    auto json = json_of((*session)->session());
    json["lost"] = lost;
    json["open"] = nlohmann::ordered_json::array();
    for (const auto& entry : still_open(*entries)) json["open"].push_back(narrator.json_of(entry));
    json["entries"] = nlohmann::ordered_json::array();
    for (const auto& entry : *entries) json["entries"].push_back(narrator.json_of(entry));
    print_json(json);
    return DEFIB_EXIT_DONE;
}

}  // namespace defib::boot
