// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/journal.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>

#include "boot/commands/look.h"
#include "boot/journal/narrator.h"
#include "boot/journal/reader.h"

namespace defib::boot {
namespace {

struct Arguments {
    std::string file;
    bool is_json = false;
};

std::string time_of(uint64_t wall_ns) {
    const std::chrono::system_clock::time_point at{
        std::chrono::duration_cast<std::chrono::system_clock::duration>(
            std::chrono::nanoseconds(wall_ns))};
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

std::string doubts_of(const ReadJournal& journal) {
    if (journal.is_damaged) {
        return fmt::format("it was changed or damaged from byte {} on; what follows is not shown",
                           journal.damaged_from);
    }
    return journal.is_cut_off ? "its last entry was cut off" : "";
}

// How often detectors ran late, and by how much at most: on a loaded machine thousands of entries
// that nobody reads one by one.
struct Late {
    uint64_t count = 0;
    uint64_t most_ns = 0;

    void add(const DefibJournalEntry& entry) {
        count++;
        most_ns = std::max(most_ns, entry.values[0]);
    }
};

void print_session(const JournalSession& session) {
    fmt::print("session of {} on {}\n", time_of(session.wall_ns), printable(session.target));
    Narrator narrator(session.names, session.engine_ns);
    Late late;
    for (const auto& entry : session.entries) {
        const std::string line = narrator.line_of(entry);
        if (!line.empty()) fmt::print("{}\n", line);
        if (entry.kind == DEFIB_JOURNAL_LATE) late.add(entry);
    }
    if (late.count != 0) {
        fmt::print("detectors ran late {} times, by {:.1f} ms at most\n", late.count,
                   static_cast<double>(late.most_ns) / 1e6);
    }
    if (session.lost != 0) fmt::print("{} entries were not written in time\n", session.lost);
}

// Of such entries in a row only the first stays, and says what the others of its detector were.
nlohmann::ordered_json entries_of(const JournalSession& session) {
    auto entries = nlohmann::ordered_json::array();
    Narrator narrator(session.names, session.engine_ns);
    std::map<uint32_t, std::pair<size_t, Late>> row;  // by detector
    for (const auto& entry : session.entries) {
        auto json = narrator.json_of(entry);
        if (entry.kind != DEFIB_JOURNAL_LATE) {
            row.clear();
            entries.push_back(std::move(json));
            continue;
        }
        const auto [at, is_first] = row.try_emplace(entry.subject, entries.size(), Late{});
        if (is_first) entries.push_back(std::move(json));
        auto& [place, late] = at->second;
        late.add(entry);
        entries[place]["times"] = late.count;
        entries[place]["most_ns"] = late.most_ns;
    }
    return entries;
}

nlohmann::ordered_json json_of(const JournalSession& session) {
    return {{"wall_ns", session.wall_ns},
            {"target", printable(session.target)},
            {"manifest_digest", fmt::format("{:#x}", session.manifest_digest)},
            {"lost", session.lost},
            {"entries", entries_of(session)}};
}

// 1: it can be read, and its last entry is missing; 3: something in it was changed.
Result<int> show(const Arguments& arguments) {
    const auto file = MappedFile::open(arguments.file);
    if (!file) return std::unexpected(file.error());
    const auto journal = read_journal(file->bytes(), arguments.file);
    if (!journal) return std::unexpected(journal.error());
    const std::string doubts = doubts_of(*journal);
    if (arguments.is_json) {
        nlohmann::ordered_json json = {{"damaged", journal->is_damaged},
                                       {"cut_off", journal->is_cut_off},
                                       {"sessions", nlohmann::ordered_json::array()}};
        for (const auto& session : journal->sessions) json["sessions"].push_back(json_of(session));
        print_json(json);
    } else {
        for (const auto& session : journal->sessions) print_session(session);
    }
    if (!doubts.empty()) fmt::print(stderr, "defib: {}: {}\n", arguments.file, doubts);
    if (journal->is_damaged) return DEFIB_EXIT_INPUT;
    return journal->is_cut_off ? DEFIB_EXIT_NO : DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_journal(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options.add_option("file", arguments->file, "a journal, as defib run --journal keeps it")
        ->required()
        ->type_name("FILE");
    options.add_flag("--json", arguments->is_json, "JSON instead of lines");
    return [arguments] { return show(*arguments); };
}

}  // namespace defib::boot
