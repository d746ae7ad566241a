// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/locks_shown.h"

#include <fmt/format.h>

#include "boot/commands/shown.h"
#include "boot/commands/task_state.h"
#include "boot/commands/waits.h"
#include "boot/find/place_at.h"

namespace defib::boot {
namespace {

template <size_t SIZE>
std::string name_in(const char (&comm)[SIZE]) {
    return printable({comm, strnlen(comm, SIZE)});
}

std::string how_it_spins(const Locks& locks, const DefibSpinRecord& cpu) {
    const auto frame = locks.spinners.find(cpu.cpu);
    std::string queue = cpu.queue_nodes > 0 ? "in a queue" : "";
    if (frame == locks.spinners.end() || frame->second.task != cpu.task) return queue;
    return fmt::format("{}for {:#x}", queue.empty() ? "" : queue + " ", frame->second.lock);
}

}  // namespace

std::string text_of(const Session& session, const Locks& locks) {
    std::string text;
    const auto out = std::back_inserter(text);
    fmt::format_to(out, "{:>7} S {:<16} {:<15} {:<18} {}\n", "PID", "NAME", "WAITS FOR", "LOCK",
                   "HELD BY");
    for (const DefibWaitRecord& wait : locks.waits) {
        const std::string lock = wait.lock == 0 ? "" : fmt::format("{:#x}", wait.lock);
        fmt::format_to(out, "{:>7} {} {:<16} {:<15} {:<18} {}\n", wait.pid,
                       state_letter(session.layout(), wait.state, 0), name_in(wait.comm),
                       what_it_waits_for(wait), lock, who_holds_it(wait));
    }
    for (const auto& ring : locks.rings) {
        fmt::format_to(out, "deadlock: {} wait for each other\n", fmt::join(ring, ", "));
    }
    fmt::format_to(out, "\n{:>7} {:>7} {:<16} {}\n", "CPU", "PID", "RUNS", "SPINS");
    for (const DefibSpinRecord& cpu : locks.cpus) {
        fmt::format_to(out, "{:>7} {:>7} {:<16} {}\n", cpu.cpu, cpu.pid, name_in(cpu.comm),
                       how_it_spins(locks, cpu));
    }
    return text;
}

nlohmann::ordered_json json_of(const Session& session, const Locks& locks) {
    auto json = boot::json_of(session);
    json["doubts"] = locks.doubts;
    json["waits"] = nlohmann::ordered_json::array();
    for (const DefibWaitRecord& wait : locks.waits) {
        json["waits"].push_back(
            {{"pid", wait.pid},
             {"tgid", wait.tgid},
             {"name", name_in(wait.comm)},
             {"state", std::string(1, state_letter(session.layout(), wait.state, 0))},
             {"switches", wait.switches},
             {"waits_for", what_it_waits_for(wait)},
             {"lock", fmt::format("{:#x}", wait.lock)},
             {"owner_pid", wait.owner_pid},
             {"owner_name", name_in(wait.owner_comm)},
             {"readers", wait.readers},
             {"last_reader_pid", wait.reader_pid},
             {"last_reader_name", name_in(wait.reader_comm)}});
    }
    json["deadlocks"] = locks.rings;
    json["cpus"] = nlohmann::ordered_json::array();
    for (const DefibSpinRecord& cpu : locks.cpus) {
        json["cpus"].push_back({{"cpu", cpu.cpu},
                                {"pid", cpu.pid},
                                {"name", name_in(cpu.comm)},
                                {"queue_nodes", cpu.queue_nodes}});
        const auto frame = locks.spinners.find(cpu.cpu);
        if (frame == locks.spinners.end() || frame->second.task != cpu.task) continue;
        json["cpus"].back()["spins_for"] = fmt::format("{:#x}", frame->second.lock);
    }
    return json;
}

LockPlaces places_of(const Session& session, const Locks& locks) {
    constexpr size_t MOST_PLACES = 64;
    LockPlaces places;
    const auto add = [&](uint64_t lock) {
        if (lock == 0 || places.contains(lock) || places.size() == MOST_PLACES) return;
        places[lock] = place_at(session.kernel(), session.layout(), lock);
    };
    for (const DefibWaitRecord& wait : locks.waits) add(wait.lock);
    for (const auto& [cpu, frame] : locks.spinners) add(frame.lock);
    std::erase_if(places, [](const auto& one) { return one.second.empty(); });
    return places;
}

Result<nlohmann::ordered_json> locks_as_json(Session& session) {
    const auto seen = look_at_locks(session);
    if (!seen) return std::unexpected(seen.error());
    return json_of(session, *seen);
}

Result<std::string> locks_as_text(Session& session) {
    const auto seen = look_at_locks(session);
    if (!seen) return std::unexpected(seen.error());
    return text_of(session, *seen);
}

}  // namespace defib::boot
