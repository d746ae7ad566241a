// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/ps.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "boot/commands/look.h"
#include "boot/commands/task_state.h"
#include "boot/commands/waits.h"
#include "engine/routines/views/records.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_KIB = 4;
constexpr uint64_t NS_A_SECOND = 1000000000;

struct Arguments {
    LookArguments look;
    bool with_threads = false;
};

struct Times {
    uint64_t user_ns = 0;
    uint64_t system_ns = 0;
    uint64_t runtime_ns = 0;

    void add(uint64_t user, uint64_t system, uint64_t runtime) {
        user_ns += user;
        system_ns += system;
        runtime_ns += runtime;
    }
};

struct Process {
    DefibProcessRecord data{};
    char state = '?';
    std::string name;
    std::string cgroup;
    std::string waits_for;  // empty: it is not blocked
    Times times;            // of a process: of all its threads, also those that have ended
};

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

void take_times(Session& session, bool are_threads, std::vector<Process>& all) {
    std::map<int32_t, Times> of_groups;
    const bool has_groups =
        std::ranges::any_of(all, [](const Process& one) { return one.data.threads > 1; });
    if (!are_threads && has_groups) {
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
        if (!are_threads) {
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

std::string time_of(uint64_t ns) {
    const uint64_t centiseconds = ns / (NS_A_SECOND / 100);
    return fmt::format("{}:{:02}.{:02}", centiseconds / 6000, centiseconds / 100 % 60,
                       centiseconds % 100);
}

std::string size_of(uint64_t pages) {
    const uint64_t kib = pages * PAGE_KIB;
    if (kib >= uint64_t{10} << 20) return fmt::format("{}G", kib >> 20);
    if (kib >= uint64_t{10} << 10) return fmt::format("{}M", kib >> 10);
    return fmt::format("{}K", kib);
}

void print_table(const std::vector<Process>& all) {
    fmt::print("{:>7} {:>7} {:>7} {:>6} S {:>3} {:>10} {:>6} {:>9} {:>8} {:<16} {:<24} {}\n", "PID",
               "TGID", "PPID", "UID", "CPU", "TIME", "RSS", "START", "FLAGS", "NAME", "CGROUP",
               "WAITS FOR");
    for (const Process& one : all) {
        const DefibProcessRecord& data = one.data;
        fmt::print("{:>7} {:>7} {:>7} {:>6} {} {:>3} {:>10} {:>6} {:>8}s {:>8x} {:<16} {:<24} {}\n",
                   data.pid, data.tgid, data.ppid, data.uid, one.state, data.cpu,
                   time_of(one.times.runtime_ns), size_of(data.rss_pages),
                   data.start_ns / NS_A_SECOND, data.flags, one.name, one.cgroup, one.waits_for);
    }
}

nlohmann::ordered_json json_of(const Process& one) {
    const DefibProcessRecord& data = one.data;
    return {{"pid", data.pid},
            {"tgid", data.tgid},
            {"ppid", data.ppid},
            {"uid", data.uid},
            {"name", one.name},
            {"state", std::string(1, one.state)},
            {"cpu", data.cpu},
            {"running", data.on_cpu != 0},
            {"user_ns", one.times.user_ns},
            {"system_ns", one.times.system_ns},
            {"runtime_ns", one.times.runtime_ns},
            {"switches", data.switches},
            {"rss_kib", data.rss_pages * PAGE_KIB},
            {"start_ns", data.start_ns},
            {"start_boot_ns", data.start_boot_ns},
            {"flags", data.flags},
            {"threads", data.threads},
            {"priority", data.prio},
            {"policy", data.policy},
            {"oom_score_adj", data.oom_score_adj},
            {"io_wait", data.in_iowait != 0},
            {"cgroup", one.cgroup},
            {"waits_for", one.waits_for},
            {"task", fmt::format("{:#x}", data.task)}};
}

struct Processes {
    std::vector<Process> all;
    DefibAnswer answer{};
    std::string doubts;
};

Result<Processes> look(Session& session, bool with_threads) {
    const char* collector = with_threads ? "threads" : "processes";
    const auto seen = session.view("process", collector);
    if (!seen) return std::unexpected(seen.error());
    Processes processes{processes_of(session, *seen), seen->answer, doubts_of(seen->answer)};
    complete(session, collector, processes.all);
    take_times(session, with_threads, processes.all);
    if (processes.all.empty()) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, session.target().name(), "no process found",
                    processes.doubts);
    }
    return processes;
}

nlohmann::ordered_json json_of(const Session& session, const Processes& processes) {
    auto json = boot::json_of(session);
    json["torn"] = processes.answer.torn;
    json["complete"] = processes.answer.incomplete == 0 && processes.answer.records.lost == 0;
    json["processes"] = nlohmann::ordered_json::array();
    for (const Process& one : processes.all) json["processes"].push_back(json_of(one));
    return json;
}

Result<int> ps(const Arguments& arguments) {
    auto session = open_session(arguments.look);
    if (!session) return std::unexpected(session.error());
    const auto seen = look(**session, arguments.with_threads);
    if (!seen) return std::unexpected(seen.error());
    if (arguments.look.is_json) {
        print_json(json_of(**session, *seen));
        return DEFIB_EXIT_DONE;
    }
    print_table(seen->all);
    if (!seen->doubts.empty())
        fmt::print(stderr, "defib: {}: {}\n", arguments.look.target, seen->doubts);
    return DEFIB_EXIT_DONE;
}

}  // namespace

Result<nlohmann::ordered_json> processes_as_json(Session& session) {
    const auto seen = look(session, /*with_threads=*/true);
    if (!seen) return std::unexpected(seen.error());
    return json_of(session, *seen);
}

Action declare_ps(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    declare_look(options, arguments->look);
    options.add_flag("--threads", arguments->with_threads, "every thread, not only processes");
    return [arguments] { return ps(*arguments); };
}

}  // namespace defib::boot
