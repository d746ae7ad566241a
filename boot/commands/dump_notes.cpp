// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/dump_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "boot/commands/locks_shown.h"
#include "boot/commands/log_shown.h"
#include "boot/commands/ps_shown.h"
#include "boot/commands/stat_shown.h"

namespace defib::boot {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t LARGEST_SHOWN = 15;
constexpr size_t LAST_LINES = 60;
constexpr double NS_A_SECOND = 1e9;

std::string of_machine(const Json& statistics) {
    std::string text;
    const auto& memory = statistics["memory_kib"];
    text += fmt::format("up        {:.2f} s, {} threads, load {:.2f} {:.2f} {:.2f}\n",
                        statistics["uptime_ns"].get<double>() / NS_A_SECOND,
                        statistics["threads"].get<uint64_t>(), statistics["load"][0].get<double>(),
                        statistics["load"][1].get<double>(), statistics["load"][2].get<double>());
    text += fmt::format(
        "memory    {} MB, {} free, {} in files, {} anonymous\n",
        memory["total"].get<uint64_t>() / 1024, memory["free"].get<uint64_t>() / 1024,
        memory["files"].get<uint64_t>() / 1024, memory["anonymous"].get<uint64_t>() / 1024);
    for (const auto& cpu : statistics["cpus"]) {
        text += fmt::format("CPU {:<5} runs {} ({}), {} in its queue, preempt count {:x}\n",
                            cpu["cpu"].get<uint64_t>(), cpu["name"].get<std::string>(),
                            cpu["pid"].get<int64_t>(), cpu["running"].get<uint64_t>(),
                            cpu["preempt_count"].get<uint64_t>());
    }
    return text;
}

std::string of_processes(const Json& seen) {
    std::vector<const Json*> leaders;
    for (const auto& one : seen["processes"])
        if (one["pid"] == one["tgid"]) leaders.push_back(&one);
    const auto memory = [](const Json* one) { return (*one)["rss_kib"].get<uint64_t>(); };
    std::ranges::sort(leaders, std::greater{}, memory);
    std::string text = fmt::format("{} processes; the largest:\n", leaders.size());
    for (const Json* one : std::span(leaders).first(std::min(leaders.size(), LARGEST_SHOWN))) {
        text += fmt::format("{:>9} {} {:>8} MB  {}\n", (*one)["pid"].get<int64_t>(),
                            (*one)["state"].get<std::string>(), memory(one) / 1024,
                            (*one)["name"].get<std::string>());
    }
    return text;
}

std::string of_locks(const Json& locks) {
    std::string text;
    for (const auto& wait : locks["waits"]) {
        text += fmt::format("{:>9} {:<16} waits for {}", wait["pid"].get<int64_t>(),
                            wait["name"].get<std::string>(), wait["waits_for"].get<std::string>());
        if (wait["owner_pid"] != 0)
            text += fmt::format(", held by {} ({})", wait["owner_name"].get<std::string>(),
                                wait["owner_pid"].get<int64_t>());
        text += "\n";
    }
    for (const auto& ring : locks["deadlocks"])
        text += fmt::format("deadlock: {} wait for each other\n", ring.dump());
    for (const auto& cpu : locks["cpus"])
        if (cpu.contains("spins_for"))
            text += fmt::format("CPU {} spins for {}\n", cpu["cpu"].get<uint64_t>(),
                                cpu["spins_for"].get<std::string>());
    return text.empty() ? "nobody waits for a lock\n" : text;
}

}  // namespace

std::string last_lines(const std::string& log) {
    size_t from = log.size();
    for (size_t lines = 0; from > 0 && lines <= LAST_LINES; lines++) {
        from = from > 1 ? log.rfind('\n', from - 2) : std::string::npos;
        if (from == std::string::npos) return log;
        from++;
    }
    return log.substr(from);
}

DumpNotes take_notes(Session& session) {
    const auto whole = [](const auto& seen) {
        if constexpr (std::is_same_v<decltype(seen), const std::string&>)
            return seen;
        else
            return seen.dump();
    };
    DumpNotes taken;
    taken.summary = fmt::format("kernel    {}\n", printable(session.kernel().info.release()));
    const auto take = [&](auto view, NoteKind kind, const char* title, auto in_short) {
        const auto seen = view(session);
        if (!seen) {
            taken.missing.push_back(seen.error());
            return;
        }
        taken.summary += title + in_short(*seen);
        taken.notes.push_back({kind, whole(*seen)});
    };
    take(statistics_as_json, NoteKind::statistics, "", of_machine);
    take(locks_as_json, NoteKind::locks, "\nwho waits\n", of_locks);
    take(processes_as_json, NoteKind::processes, "\n", of_processes);
    take(log_as_text, NoteKind::log, "\nthe log's last lines\n", last_lines);
    taken.notes.push_back({NoteKind::summary, taken.summary});
    return taken;
}

}  // namespace defib::boot
