// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/ps_shown.h"

#include <fmt/format.h>

#include "boot/commands/shown.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_KIB = 4;
constexpr uint64_t NS_A_SECOND = 1000000000;

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

}  // namespace

std::string text_of(const std::vector<Process>& all) {
    std::string text;
    const auto out = std::back_inserter(text);
    fmt::format_to(out,
                   "{:>7} {:>7} {:>7} {:>6} S {:>3} {:>10} {:>6} {:>9} {:>8} {:<16} {:<24} {}\n",
                   "PID", "TGID", "PPID", "UID", "CPU", "TIME", "RSS", "START", "FLAGS", "NAME",
                   "CGROUP", "WAITS FOR");
    for (const Process& one : all) {
        const DefibProcessRecord& data = one.data;
        fmt::format_to(
            out, "{:>7} {:>7} {:>7} {:>6} {} {:>3} {:>10} {:>6} {:>8}s {:>8x} {:<16} {:<24} {}\n",
            data.pid, data.tgid, data.ppid, data.uid, one.state, data.cpu,
            time_of(one.times.runtime_ns), size_of(data.rss_pages), data.start_ns / NS_A_SECOND,
            data.flags, one.name, one.cgroup, one.waits_for);
    }
    return text;
}

nlohmann::ordered_json json_of(const Session& session, const Processes& processes) {
    auto json = boot::json_of(session);
    json["torn"] = processes.answer.torn;
    json["complete"] = processes.answer.incomplete == 0 && processes.answer.records.lost == 0;
    json["processes"] = nlohmann::ordered_json::array();
    for (const Process& one : processes.all) json["processes"].push_back(json_of(one));
    return json;
}

Result<nlohmann::ordered_json> processes_as_json(Session& session) {
    const auto seen = look_at_processes(session, TasksOf::threads);
    if (!seen) return std::unexpected(seen.error());
    return json_of(session, *seen);
}

Result<std::string> processes_as_text(Session& session) {
    const auto seen = look_at_processes(session, TasksOf::processes);
    if (!seen) return std::unexpected(seen.error());
    return text_of(seen->all);
}

}  // namespace defib::boot
