// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/rates.h"

#include <algorithm>

namespace defib::boot::console {
namespace {

constexpr uint64_t HALF_A_SECOND = 500000000;
constexpr double NS_A_SECOND = 1e9;
// A tickless kernel that is idle sets its clock when it wakes up, which is more often than this.
constexpr double STILL_SECONDS = 3;

uint64_t user_of(const DefibCpuRecord& cpu) {
    return cpu.user_ns + cpu.nice_ns;
}
uint64_t system_of(const DefibCpuRecord& cpu) {
    return cpu.system_ns + cpu.irq_ns + cpu.softirq_ns + cpu.steal_ns;
}

double share(uint64_t now, uint64_t before, double elapsed_ns) {
    if (now <= before || elapsed_ns <= 0) return 0;  // torn, or another one by now
    return static_cast<double>(now - before) / elapsed_ns;
}

}  // namespace

Rates::Sample Rates::sample_of(const Picture& picture, uint64_t now_ns) {
    Sample sample;
    sample.at_ns = now_ns;
    for (const CpuRow& cpu : picture.cpus) {
        sample.cpus[cpu.record.cpu] = {user_of(cpu.record), system_of(cpu.record)};
    }
    for (const TaskRow& task : picture.tasks) {
        const DefibProcessRecord& data = task.process.data;
        sample.tasks[{data.pid, data.start_ns}] = task.process.times.runtime_ns;
    }
    return sample;
}

void Rates::take(Picture& picture, uint64_t now_ns) {
    take_clock(picture, now_ns);
    const auto elapsed_ns = static_cast<double>(now_ns - before_.at_ns);
    const bool has_before = before_.at_ns != 0;
    for (CpuRow& cpu : picture.cpus) {
        const auto before = before_.cpus.find(cpu.record.cpu);
        if (!has_before || before == before_.cpus.end()) continue;
        cpu.user = std::min(1.0, share(user_of(cpu.record), before->second.first, elapsed_ns));
        cpu.system =
            std::min(1 - cpu.user, share(system_of(cpu.record), before->second.second, elapsed_ns));
        const bool is_busy = cpu.record.pid != 0;
        cpu.is_silent = is_busy && cpu.user + cpu.system <= 0 && elapsed_ns > HALF_A_SECOND &&
                        picture.life != console::Life::dump;
    }
    for (TaskRow& task : picture.tasks) {
        const DefibProcessRecord& data = task.process.data;
        const auto before = before_.tasks.find({data.pid, data.start_ns});
        if (!has_before || before == before_.tasks.end()) continue;
        task.share = share(task.process.times.runtime_ns, before->second, elapsed_ns);
    }
    if (latest_.at_ns != 0 && now_ns - latest_.at_ns < HALF_A_SECOND) return;
    before_ = latest_.at_ns == 0 ? sample_of(picture, now_ns) : std::move(latest_);
    latest_ = sample_of(picture, now_ns);
}

void Rates::take_clock(Picture& picture, uint64_t now_ns) {
    if (picture.life == console::Life::dump || picture.life == console::Life::lost) return;
    if (moved_ns_ == 0 || picture.machine.uptime_ns != uptime_ns_) moved_ns_ = now_ns;
    uptime_ns_ = picture.machine.uptime_ns;
    picture.still_seconds = static_cast<double>(now_ns - moved_ns_) / NS_A_SECOND;
    picture.life =
        picture.still_seconds >= STILL_SECONDS ? console::Life::still : console::Life::live;
}

void Rates::take_wait(WaitRow& wait, uint64_t task, uint64_t switches, uint64_t now_ns) {
    const auto [place, is_new] = blocked_.try_emplace(task, Blocked{switches, now_ns, now_ns});
    Blocked& blocked = place->second;
    if (blocked.switches != switches) blocked = {switches, now_ns, now_ns};
    blocked.seen_ns = now_ns;
    wait.seconds = static_cast<double>(now_ns - blocked.since_ns) / NS_A_SECOND;
}

void Rates::forget_waits(uint64_t before_ns) {
    std::erase_if(blocked_, [&](const auto& one) { return one.second.seen_ns < before_ns; });
}

}  // namespace defib::boot::console
