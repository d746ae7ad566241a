// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/watcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "boot/commands/lock_state.h"
#include "boot/commands/look.h"
#include "boot/commands/machine_state.h"
#include "boot/commands/processes.h"
#include "boot/commands/task_state.h"
#include "boot/commands/waits.h"
#include "engine/routines/views/log_records.h"

namespace defib::boot::console {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;
// The whole of the log is read to show its end.
constexpr uint64_t BETWEEN_LOGS_NS = 500000000;
constexpr size_t MOST_LOG_ROWS = 2000;

template <size_t SIZE>
std::string name_in(const char (&comm)[SIZE]) {
    return printable({comm, strnlen(comm, SIZE)});
}

void append_lines(const DefibLogRecord& message, std::vector<LogRow>& rows) {
    const auto* text = reinterpret_cast<const char*>(message.text);
    std::string_view rest(text, std::min<size_t>(message.length, sizeof message.text));
    do {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rows.push_back({message.time_ns, message.level, printable(line)});
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    } while (!rest.empty());
}

}  // namespace

Watcher::Watcher(Session& session) : session_(session) {
    picture_.target = printable(session.target().name());
    picture_.release = printable(session.kernel().info.release());
    if (session.target().kind() == TargetKind::core) picture_.life = Life::dump;
}

void Watcher::look(uint64_t now_ns) {
    picture_.troubles.clear();
    look_at_machine();
    look_at_tasks();
    rates_.take(picture_, now_ns);
    look_at_locks(now_ns);
    look_at_log(now_ns);
    count_pictures(now_ns);
}

void Watcher::note(const Error& error) {
    picture_.troubles.push_back(to_line(error));
}

void Watcher::look_at_machine() {
    auto state = boot::look_at_machine(session_);
    if (!state) return note(state.error());
    picture_.machine = state->machine;
    picture_.cpus.clear();
    for (const DefibCpuRecord& cpu : state->cpus) picture_.cpus.push_back({.record = cpu});
    if (!state->doubts.empty()) picture_.troubles.push_back("CPUs: " + state->doubts);
}

void Watcher::look_at_tasks() {
    auto processes = look_at_processes(session_, TasksOf::processes);
    if (!processes) return note(processes.error());
    picture_.tasks.clear();
    for (Process& one : processes->all) picture_.tasks.push_back({.process = std::move(one)});
    // One that ends while it is read is torn, and no trouble at ten pictures a second.
    if (processes->answer.incomplete != 0 || processes->answer.records.lost != 0) {
        picture_.troubles.push_back("processes: " + processes->doubts);
    }
}

void Watcher::look_at_locks(uint64_t now_ns) {
    const auto locks = boot::look_at_locks(session_);
    if (!locks) return note(locks.error());
    std::set<int32_t> in_rings;
    for (const auto& ring : locks->rings) in_rings.insert(ring.begin(), ring.end());
    picture_.waits.clear();
    for (const DefibWaitRecord& wait : locks->waits) {
        WaitRow row{.pid = wait.pid,
                    .process = wait.tgid,
                    .state = state_letter(session_.layout(), wait.state, 0),
                    .name = name_in(wait.comm),
                    .waits_for = what_it_waits_for(wait),
                    .holder = who_holds_it(wait),
                    .lock = wait.lock,
                    .is_in_ring = in_rings.contains(wait.pid)};
        rates_.take_wait(row, wait.task, wait.switches, now_ns);
        picture_.waits.push_back(std::move(row));
    }
    rates_.forget_waits(now_ns - std::min(now_ns, NS_A_SECOND));
    // Who has waited longest is asked for first.
    std::ranges::sort(picture_.waits, {},
                      [](const WaitRow& row) { return std::pair(-row.seconds, row.pid); });
    for (const auto& [number, frame] : locks->spinners) {
        for (CpuRow& cpu : picture_.cpus) {
            if (cpu.record.cpu == number && cpu.record.task == frame.task) {
                cpu.spins_for = fmt::format("{:#x}", frame.lock);
            }
        }
    }
}

void Watcher::look_at_log(uint64_t now_ns) {
    if (log_ns_ != 0 && now_ns - log_ns_ < BETWEEN_LOGS_NS) return;
    log_ns_ = now_ns;
    const auto seen = session_.view("log_message");
    if (!seen) return note(seen.error());
    picture_.log.clear();
    const size_t first = seen->records.size() - std::min(seen->records.size(), MOST_LOG_ROWS);
    for (size_t i = first; i < seen->records.size(); i++) {
        const auto message = seen->records[i].as<DefibLogRecord>(DEFIB_RECORD_LOG);
        if (message) append_lines(*message, picture_.log);
    }
}

void Watcher::count_pictures(uint64_t now_ns) {
    counted_++;
    if (counted_from_ns_ == 0) counted_from_ns_ = now_ns;
    const uint64_t elapsed_ns = now_ns - counted_from_ns_;
    if (elapsed_ns < NS_A_SECOND) return;
    picture_.hertz =
        static_cast<double>(counted_ - 1) * NS_A_SECOND / static_cast<double>(elapsed_ns);
    counted_from_ns_ = now_ns;
    counted_ = 1;
}

}  // namespace defib::boot::console
