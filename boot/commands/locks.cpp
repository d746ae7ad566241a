// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/locks.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "boot/commands/look.h"
#include "boot/commands/task_state.h"
#include "boot/commands/waits.h"

namespace defib::boot {
namespace {

template <size_t SIZE>
std::string name_in(const char (&comm)[SIZE]) {
    return printable({comm, strnlen(comm, SIZE)});
}

// Tasks that wait for each other in a ring: none of them will ever run again. Each task waits for
// one lock and each lock has one owner, so a ring is found by following owners.
std::vector<std::vector<int32_t>> rings_of(const std::vector<DefibWaitRecord>& waits) {
    std::map<uint64_t, const DefibWaitRecord*> by_task;
    for (const DefibWaitRecord& wait : waits) by_task[wait.task] = &wait;
    std::vector<std::vector<int32_t>> rings;
    std::set<uint64_t> done;
    for (const DefibWaitRecord& start : waits) {
        std::vector<const DefibWaitRecord*> way;
        const DefibWaitRecord* at = &start;
        while (at != nullptr && done.insert(at->task).second) {
            way.push_back(at);
            const auto next = by_task.find(at->owner);
            at = next == by_task.end() ? nullptr : next->second;
        }
        const auto entry = std::ranges::find(way, at);
        if (at == nullptr || entry == way.end()) continue;
        std::vector<int32_t> ring;
        for (auto one = entry; one != way.end(); ++one) ring.push_back((*one)->pid);
        rings.push_back(std::move(ring));
    }
    return rings;
}

struct Locks {
    std::vector<DefibWaitRecord> waits;
    std::vector<DefibSpinRecord> cpus;
    std::map<uint32_t, DefibSpinFrameRecord> spinners;  // by CPU
    std::vector<std::vector<int32_t>> rings;
    std::string doubts;
};

Result<Locks> look(Session& session) {
    Locks locks;
    DefibAnswer answer{};
    auto waits = waits_of(session, {}, answer);
    if (!waits) return std::unexpected(waits.error());
    locks.waits = std::move(*waits);
    locks.doubts = doubts_of(answer);
    const auto cpus = session.view("spin");
    if (!cpus) return std::unexpected(cpus.error());
    for (const SeenRecord& record : cpus->records) {
        if (const auto cpu = record.as<DefibSpinRecord>(DEFIB_RECORD_SPIN)) {
            locks.cpus.push_back(*cpu);
        }
    }
    // Where the kernel's stacks cannot be searched, who spins is not known.
    const auto frames = session.view("spin_frame");
    for (const SeenRecord& record : frames ? frames->records : std::vector<SeenRecord>{}) {
        const auto frame = record.as<DefibSpinFrameRecord>(DEFIB_RECORD_SPIN_FRAME);
        if (frame) locks.spinners[frame->cpu] = *frame;
    }
    std::ranges::sort(locks.waits, {},
                      [](const auto& wait) { return std::pair(wait.lock, wait.pid); });
    locks.rings = rings_of(locks.waits);
    return locks;
}

std::string how_it_spins(const Locks& locks, const DefibSpinRecord& cpu) {
    const auto frame = locks.spinners.find(cpu.cpu);
    const std::string queue = cpu.queue_nodes > 0 ? "in a queue" : "";
    if (frame == locks.spinners.end() || frame->second.task != cpu.task) return queue;
    return fmt::format("{}for {:#x}", queue.empty() ? "" : queue + " ", frame->second.lock);
}

void print_table(const Session& session, const Locks& locks) {
    fmt::print("{:>7} S {:<16} {:<15} {:<18} {}\n", "PID", "NAME", "WAITS FOR", "LOCK", "HELD BY");
    for (const DefibWaitRecord& wait : locks.waits) {
        const std::string lock = wait.lock == 0 ? "" : fmt::format("{:#x}", wait.lock);
        fmt::print("{:>7} {} {:<16} {:<15} {:<18} {}\n", wait.pid,
                   state_letter(session.layout(), wait.state, 0), name_in(wait.comm),
                   what_it_waits_for(wait), lock, who_holds_it(wait));
    }
    for (const auto& ring : locks.rings) {
        fmt::print("deadlock: {} wait for each other\n", fmt::join(ring, ", "));
    }
    fmt::print("\n{:>7} {:>7} {:<16} {}\n", "CPU", "PID", "RUNS", "SPINS");
    for (const DefibSpinRecord& cpu : locks.cpus) {
        fmt::print("{:>7} {:>7} {:<16} {}\n", cpu.cpu, cpu.pid, name_in(cpu.comm),
                   how_it_spins(locks, cpu));
    }
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

Result<int> locks(const LookArguments& arguments) {
    auto session = open_session(arguments);
    if (!session) return std::unexpected(session.error());
    const auto seen = look(**session);
    if (!seen) return std::unexpected(seen.error());
    if (arguments.is_json) {
        print_json(json_of(**session, *seen));
        return DEFIB_EXIT_DONE;
    }
    print_table(**session, *seen);
    if (!seen->doubts.empty()) {
        fmt::print(stderr, "defib: {}: {}\n", arguments.target, seen->doubts);
    }
    return DEFIB_EXIT_DONE;
}

}  // namespace

Result<nlohmann::ordered_json> locks_as_json(Session& session) {
    const auto seen = look(session);
    if (!seen) return std::unexpected(seen.error());
    return json_of(session, *seen);
}

Action declare_locks(CLI::App& options) {
    auto arguments = std::make_shared<LookArguments>();
    declare_look(options, *arguments);
    return [arguments] { return locks(*arguments); };
}

}  // namespace defib::boot
