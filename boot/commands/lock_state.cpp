// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/lock_state.h"

#include <algorithm>
#include <set>

#include "boot/commands/shown.h"
#include "boot/commands/waits.h"

namespace defib::boot {
namespace {

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

}  // namespace

Result<Locks> look_at_locks(Session& session) {
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

}  // namespace defib::boot
