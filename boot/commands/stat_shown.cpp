// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/stat_shown.h"

#include <fmt/format.h>

#include <cstring>

#include "boot/commands/shown.h"

namespace defib::boot {
namespace {

constexpr double NS_A_SECOND = 1e9;
constexpr uint64_t NS_A_MICROSECOND = 1000;
constexpr uint64_t SECTORS_A_MB = 2048;  // of 512 bytes, whatever the disk's own are
constexpr double FIXED_ONE = 2048;       // FIXED_1 of the kernel's load averages
constexpr uint64_t PAGE_KIB = 4;
constexpr uint64_t RCU_STATE_BITS = 3;  // RCU_SEQ_STATE_MASK

// How DefibMachineRecord holds pressure: of each kind `some` and `full`.
constexpr const char* PRESSURE_KINDS[] = {"cpu", "memory", "io"};
constexpr const char* PRESSURE_DEGREES[] = {"some", "full"};
constexpr size_t DEGREES = std::size(PRESSURE_DEGREES);
constexpr size_t AVERAGES = 3;

constexpr const char* REQUEST_KINDS[] = {"read", "write", "discard", "flush"};

double fixed(uint64_t value) {
    return static_cast<double>(value) / FIXED_ONE;
}
double seconds(uint64_t ns) {
    return static_cast<double>(ns) / NS_A_SECOND;
}
uint64_t mib(uint64_t pages) {
    return pages * PAGE_KIB / 1024;
}
std::string name_of(const DefibCpuRecord& cpu) {
    return printable({cpu.comm, strnlen(cpu.comm, sizeof cpu.comm)});
}
std::string name_of(const DefibDiskRecord& disk) {
    return printable({disk.name, strnlen(disk.name, sizeof disk.name)});
}

std::string disks_of(const std::vector<DefibDiskRecord>& disks) {
    std::string text;
    if (disks.empty()) return text;
    const auto out = std::back_inserter(text);
    fmt::format_to(out, "\n{:<12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "DISK", "READS", "MB",
                   "WRITES", "MB", "BUSY", "IN FLIGHT");
    for (const DefibDiskRecord& disk : disks) {
        fmt::format_to(out, "{:<12} {:>9} {:>9} {:>9} {:>9} {:>9.2f} {:>9}\n", name_of(disk),
                       disk.requests[DEFIB_DISK_READ], disk.sectors[DEFIB_DISK_READ] / SECTORS_A_MB,
                       disk.requests[DEFIB_DISK_WRITE],
                       disk.sectors[DEFIB_DISK_WRITE] / SECTORS_A_MB, seconds(disk.busy_ns),
                       disk.in_flight);
    }
    return text;
}

nlohmann::ordered_json json_of(const DefibCpuRecord& cpu) {
    return {{"cpu", cpu.cpu},
            {"user_ns", cpu.user_ns},
            {"nice_ns", cpu.nice_ns},
            {"system_ns", cpu.system_ns},
            {"irq_ns", cpu.irq_ns},
            {"softirq_ns", cpu.softirq_ns},
            {"idle_ns", cpu.idle_ns},
            {"iowait_ns", cpu.iowait_ns},
            {"steal_ns", cpu.steal_ns},
            {"running", cpu.running},
            {"waiting_for_io", cpu.waiting_for_io},
            {"switches", cpu.switches},
            {"preempt_count", static_cast<uint32_t>(cpu.preempt_count)},
            {"rcu_awaited", cpu.rcu_awaited != 0},
            {"pid", cpu.pid},
            {"name", name_of(cpu)}};
}

nlohmann::ordered_json json_of(const DefibDiskRecord& disk) {
    nlohmann::ordered_json json = {{"name", name_of(disk)},       {"major", disk.major},
                                   {"minor", disk.minor},         {"sectors", disk.size_sectors},
                                   {"in_flight", disk.in_flight}, {"busy_ns", disk.busy_ns}};
    for (size_t i = 0; i < std::size(REQUEST_KINDS); i++) {
        json[REQUEST_KINDS[i]] = {{"requests", disk.requests[i]},
                                  {"merged", disk.merged[i]},
                                  {"sectors", disk.sectors[i]},
                                  {"spent_ns", disk.spent_ns[i]}};
    }
    return json;
}

}  // namespace

std::string text_of(const MachineState& statistics) {
    std::string text;
    const auto out = std::back_inserter(text);
    const DefibMachineRecord& m = statistics.machine;
    fmt::format_to(out, "up        {:.2f} s, {} threads, {} forks\n", seconds(m.uptime_ns),
                   m.threads, m.forks);
    fmt::format_to(out, "load      {:.2f} {:.2f} {:.2f}\n", fixed(m.load[0]), fixed(m.load[1]),
                   fixed(m.load[2]));
    fmt::format_to(out, "memory    {} MB, {} free, {} in files, {} anonymous, {} shared\n",
                   mib(m.total_pages), mib(m.free_pages), mib(m.file_pages), mib(m.anonymous_pages),
                   mib(m.shared_pages));
    fmt::format_to(out, "swap      {} MB, {} free; {} pages in, {} out\n", mib(m.swap_total_pages),
                   mib(m.swap_free_pages), m.swapped_in, m.swapped_out);
    fmt::format_to(out, "faults    {}, {} major, {} killed for memory\n", m.faults, m.major_faults,
                   m.oom_kills);
    for (size_t i = 0; i < std::size(m.pressure_ns); i++) {
        fmt::format_to(out, "pressure  {:<6} {} {:.2f} {:.2f} {:.2f} %, {:.3f} s\n",
                       PRESSURE_KINDS[i / DEGREES], PRESSURE_DEGREES[i % DEGREES],
                       fixed(m.pressure[AVERAGES * i]), fixed(m.pressure[AVERAGES * i + 1]),
                       fixed(m.pressure[AVERAGES * i + 2]), seconds(m.pressure_ns[i]));
    }
    fmt::format_to(
        out, "RCU       grace period {}, {}, {:.2f} s ago\n\n",
        static_cast<int64_t>(m.rcu_sequence) >> 2,
        (m.rcu_sequence & RCU_STATE_BITS) != 0 ? "begun" : "none now, the last one began",
        seconds(m.rcu_age_ns));
    fmt::format_to(out, "{:>4} {:>9} {:>9} {:>9} {:>9} {:>9} {:>5} {:>4} {:>10} {:>8} {:>7} {}\n",
                   "CPU", "USER", "SYSTEM", "IRQ", "IDLE", "IOWAIT", "QUEUE", "IO", "SWITCHES",
                   "PREEMPT", "PID", "RUNS");
    for (const DefibCpuRecord& cpu : statistics.cpus) {
        fmt::format_to(
            out,
            "{:>4} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>5} {:>4} {:>10} {:>8x} {:>7} "
            "{}\n",
            cpu.cpu, seconds(cpu.user_ns + cpu.nice_ns), seconds(cpu.system_ns),
            seconds(cpu.irq_ns + cpu.softirq_ns), seconds(cpu.idle_ns), seconds(cpu.iowait_ns),
            cpu.running, cpu.waiting_for_io, cpu.switches, static_cast<uint32_t>(cpu.preempt_count),
            cpu.pid, name_of(cpu) + (cpu.rcu_awaited != 0 ? " (RCU waits)" : ""));
    }
    return text + disks_of(statistics.disks);
}

nlohmann::ordered_json json_of(const Session& session, const MachineState& statistics) {
    const DefibMachineRecord& m = statistics.machine;
    auto json = boot::json_of(session);
    json["uptime_ns"] = m.uptime_ns;
    json["threads"] = m.threads;
    json["forks"] = m.forks;
    json["load"] = {fixed(m.load[0]), fixed(m.load[1]), fixed(m.load[2])};
    json["memory_kib"] = {{"total", m.total_pages * PAGE_KIB},
                          {"free", m.free_pages * PAGE_KIB},
                          {"files", m.file_pages * PAGE_KIB},
                          {"anonymous", m.anonymous_pages * PAGE_KIB},
                          {"shared", m.shared_pages * PAGE_KIB}};
    json["swap_kib"] = {{"total", m.swap_total_pages * PAGE_KIB},
                        {"free", m.swap_free_pages * PAGE_KIB}};
    json["events"] = {{"swapped_in", m.swapped_in},
                      {"swapped_out", m.swapped_out},
                      {"faults", m.faults},
                      {"major_faults", m.major_faults},
                      {"oom_kills", m.oom_kills},
                      {"scanned_by_kswapd", m.scanned_by_kswapd},
                      {"scanned_directly", m.scanned_directly}};
    for (size_t i = 0; i < std::size(m.pressure_ns); i++) {
        json["pressure"][PRESSURE_KINDS[i / DEGREES]][PRESSURE_DEGREES[i % DEGREES]] = {
            {"percent",
             {fixed(m.pressure[AVERAGES * i]), fixed(m.pressure[AVERAGES * i + 1]),
              fixed(m.pressure[AVERAGES * i + 2])}},
            {"total_us", m.pressure_ns[i] / NS_A_MICROSECOND}};
    }
    json["rcu"] = {{"sequence", static_cast<int64_t>(m.rcu_sequence)},
                   {"age_ns", m.rcu_age_ns},
                   {"state", m.rcu_state},
                   {"flags", m.rcu_flags}};
    json["disks"] = nlohmann::ordered_json::array();
    for (const DefibDiskRecord& disk : statistics.disks) json["disks"].push_back(json_of(disk));
    json["cpus"] = nlohmann::ordered_json::array();
    for (const DefibCpuRecord& cpu : statistics.cpus) json["cpus"].push_back(json_of(cpu));
    return json;
}

Result<nlohmann::ordered_json> statistics_as_json(Session& session) {
    const auto seen = look_at_machine(session);
    if (!seen) return std::unexpected(seen.error());
    return json_of(session, *seen);
}

Result<std::string> statistics_as_text(Session& session) {
    const auto seen = look_at_machine(session);
    if (!seen) return std::unexpected(seen.error());
    return text_of(*seen);
}

}  // namespace defib::boot
