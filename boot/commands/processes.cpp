// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/processes.h"

#include <algorithm>
#include <map>

#include "boot/commands/shown.h"
#include "boot/commands/task_state.h"
#include "boot/commands/waits.h"

namespace defib::boot {
namespace {

// "/system.slice/ssh.service", from the names that come innermost first.
std::string path_of(const DefibCgroupRecord& record) {
    std::string path;
    const std::string_view names(record.names, sizeof record.names);
    size_t at = 0;
    for (uint32_t level = 0; level < record.levels && at < names.size(); level++) {
        const std::string_view name = names.substr(at, names.substr(at).find('\0'));
        path = "/" + printable(name) + path;
        at += name.size() + 1;
    }
    if (record.is_whole == 0) path = "..." + path;
    return path.empty() ? "/" : path;
}

// Thousands of processes share a few cgroups: each is looked at once.
class Cgroups {
  public:
    explicit Cgroups(Session& session) : session_(session) {}

    const std::string& path(uint64_t address) {
        const auto [place, is_new] = paths_.try_emplace(address);
        if (is_new && address != 0) place->second = look(address);
        return place->second;
    }

  private:
    std::string look(uint64_t address) {
        const auto seen = session_.view("cgroup_path", {}, std::span(&address, 1));
        if (!seen || seen->records.empty()) return {};
        const auto record = seen->records.front().as<DefibCgroupRecord>(DEFIB_RECORD_CGROUP);
        return record ? path_of(*record) : std::string();
    }

    Session& session_;
    std::map<uint64_t, std::string> paths_;
};

std::vector<Process> processes_of(Session& session, const Seen& seen) {
    std::vector<Process> all;
    all.reserve(seen.records.size());
    for (const SeenRecord& record : seen.records) {
        const auto data = record.as<DefibProcessRecord>(DEFIB_RECORD_PROCESS);
        if (!data) continue;
        Process one;
        one.data = *data;
        one.state = state_letter(session.layout(), data->state, data->exit_state);
        one.name = printable({data->comm, strnlen(data->comm, sizeof data->comm)});
        all.push_back(std::move(one));
    }
    return all;
}

// The tick counts user and system time by what it happens to interrupt; the scheduler measures the
// sum. /proc shows the sum, divided as the ticks are (cputime_adjust() in kernel/sched/cputime.c).
Times adjusted(Times times) {
    const uint64_t counted = times.user_ns + times.system_ns;
    if (counted == 0) return {times.runtime_ns, 0, times.runtime_ns};
    const auto share = static_cast<unsigned __int128>(times.runtime_ns) * times.system_ns / counted;
    times.system_ns = static_cast<uint64_t>(share);
    times.user_ns = times.runtime_ns - times.system_ns;
    return times;
}

void take_times(Session& session, TasksOf which, std::vector<Process>& all) {
    std::map<int32_t, Times> of_groups;
    const bool has_groups =
        std::ranges::any_of(all, [](const Process& one) { return one.data.threads > 1; });
    if (which == TasksOf::processes && has_groups) {
        const auto seen = session.view("thread_time");
        for (const SeenRecord& record : seen ? seen->records : std::vector<SeenRecord>{}) {
            const auto time = record.as<DefibThreadTimeRecord>(DEFIB_RECORD_THREAD_TIME);
            if (time) of_groups[time->tgid].add(time->utime_ns, time->stime_ns, time->runtime_ns);
        }
    }
    for (Process& one : all) {
        const DefibProcessRecord& data = one.data;
        const auto group = of_groups.find(data.tgid);
        if (group == of_groups.end()) {
            one.times.add(data.utime_ns, data.stime_ns, data.runtime_ns);
        } else {
            one.times = group->second;
        }
        if (which == TasksOf::processes) {
            one.times.add(data.ended_utime_ns, data.ended_stime_ns, data.ended_runtime_ns);
        }
        one.times = adjusted(one.times);
    }
}

// Further views: each takes the place of the one before's records.
void complete(Session& session, std::string_view collector, std::vector<Process>& all) {
    Cgroups cgroups(session);
    for (Process& one : all) one.cgroup = cgroups.path(one.data.cgroup);

    // Where a kernel has no such view, what tasks wait for is simply not known.
    DefibAnswer answer{};
    std::map<uint64_t, std::string> waits;
    for (const DefibWaitRecord& wait :
         waits_of(session, collector, answer).value_or(std::vector<DefibWaitRecord>{})) {
        const std::string holder = who_holds_it(wait);
        waits[wait.task] = what_it_waits_for(wait) + (holder.empty() ? "" : " held by " + holder);
    }
    for (Process& one : all) {
        const auto wait = waits.find(one.data.task);
        if (wait != waits.end()) one.waits_for = wait->second;
    }
    std::ranges::sort(all, {}, [](const Process& one) { return one.data.pid; });
}

}  // namespace

Result<Processes> look_at_processes(Session& session, TasksOf which) {
    const char* collector = which == TasksOf::threads ? "threads" : "processes";
    const auto seen = session.view("process", collector);
    if (!seen) return std::unexpected(seen.error());
    Processes processes{processes_of(session, *seen), seen->answer, doubts_of(seen->answer)};
    complete(session, collector, processes.all);
    take_times(session, which, processes.all);
    if (processes.all.empty()) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, session.target().name(), "no process found",
                    processes.doubts);
    }
    return processes;
}

}  // namespace defib::boot
