// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The first look, end to end: what `defib ps`, `log`, `stat` and `locks` say of a guest from
// outside is what the guest's own /proc and dmesg say. One guest for each kernel, and everything in
// it: a boot costs more than all the questions.
//
// Nothing stands still between two questions, so a guest is asked before and after the look: what
// is the same both times must be what defib says, what only grows must lie between.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <sstream>

#include "tests/lab/under_test.h"
#include "tests/look/guest_says.h"

namespace defib::look {
namespace {

using lab::Guest;
using lab::GuestOptions;
using lab::GuestUnderTest;
using lab::ok;

struct Machine {
    std::string name;
    GuestOptions options;
};

void PrintTo(const Machine& machine, std::ostream* out) {
    *out << machine.name;
}

struct Look : ::testing::TestWithParam<Machine> {};

INSTANTIATE_TEST_SUITE_P(
    Kernels, Look,
    ::testing::Values(Machine{"linux_6_1_5_levels_4_GB",
                              {.kernel = "6.1", .ram_megabytes = 4096, .five_level_paging = true}},
                      Machine{"linux_6_12", {.kernel = "6.12", .ram_megabytes = 768}},
                      Machine{"linux_6_1_cloud", {.kernel = "6.1-cloud", .ram_megabytes = 768}},
                      Machine{"linux_6_12_cloud", {.kernel = "6.12-cloud", .ram_megabytes = 768}},
                      Machine{"linux_6_1_rt", {.kernel = "6.1-rt", .ram_megabytes = 768}},
                      Machine{
                          "linux_6_12_rt_5_levels_4_GB",
                          {.kernel = "6.12-rt", .ram_megabytes = 4096, .five_level_paging = true}}),
    [](const auto& machine) { return machine.param.name; });

// -- Processes -----------------------------------------------------------------------------------

void expect_same_times(const ProcessSays& before, const ProcessSays& after,
                       const nlohmann::json& seen) {
    // /proc counts in ticks of 10 ms, and of what runs also what the scheduler has not yet noted.
    const uint64_t ticks = seen["runtime_ns"].get<uint64_t>() / 10'000'000;
    EXPECT_GE(ticks + 2, before.user_ticks + before.system_ticks) << seen;
    EXPECT_LE(ticks, after.user_ticks + after.system_ticks + 1) << seen;
    EXPECT_EQ(seen["user_ns"].get<uint64_t>() + seen["system_ns"].get<uint64_t>(),
              seen["runtime_ns"].get<uint64_t>());
}

// Since 6.2 (f1a7941243c1) /proc leaves out what each CPU has not yet added to the sums, which is
// up to 32 pages for each of three sums; defib adds it.
void expect_same_memory(const ProcessSays& before, const ProcessSays& after, uint64_t slack,
                        const nlohmann::json& seen) {
    const uint64_t pages = seen["rss_kib"].get<uint64_t>() / 4;
    EXPECT_GE(pages + slack, std::min(before.resident_pages, after.resident_pages)) << seen;
    EXPECT_LE(pages, std::max(before.resident_pages, after.resident_pages) + slack) << seen;
}

void expect_same_process(const ProcessSays& before, const ProcessSays& after, uint64_t slack,
                         const nlohmann::json& seen) {
    if (before.ppid == after.ppid) EXPECT_EQ(seen["ppid"], before.ppid) << seen;
    if (before.threads == after.threads) EXPECT_EQ(seen["threads"], before.threads) << seen;
    EXPECT_EQ(seen["uid"], before.user) << seen;
    EXPECT_EQ(seen["cgroup"], before.cgroup) << seen;
    EXPECT_EQ(seen["priority"].get<long>(), before.priority + 100) << seen;
    // /proc shows a worker with its queue's name; the kernel's own has 15 letters.
    if (before.flags == after.flags) EXPECT_EQ(seen["flags"], before.flags) << seen;
    // Who does not run does not move; of others no count that /proc shows is fine enough to tell.
    if (before.name == "w-crowd" && before.state == "S" && before.cpu == after.cpu) {
        EXPECT_EQ(seen["cpu"], before.cpu) << seen;
    }
    EXPECT_EQ(seen["tgid"], seen["pid"]);
    if (!before.name.starts_with("kworker")) EXPECT_EQ(seen["name"], before.name.substr(0, 15));
    if (before.state == after.state && before.state != "R") {
        const std::string state = seen["state"];
        // Whoever runs between may wait for a lock for a moment: with PREEMPT_RT even timers do.
        const bool is_asleep_for_good = before.name == "w-crowd";
        EXPECT_TRUE(state == before.state || state == "R" || (state == "D" && !is_asleep_for_good))
            << seen;
    }
    expect_same_times(before, after, seen);
    expect_same_memory(before, after, slack, seen);
}

// Of what was there before and is there after, everything is seen, as it is. Gives how many.
size_t expect_same(const GuestSays& before, const GuestSays& after, uint64_t slack,
                   const nlohmann::json& seen) {
    const auto processes = by_pid(seen["processes"]);
    size_t compared = 0;
    for (const auto& [pid, one] : before.processes) {
        const auto later = after.processes.find(pid);
        if (later == after.processes.end() || later->second.start_ticks != one.start_ticks) {
            continue;
        }
        const auto found = processes.find(pid);
        EXPECT_NE(found, processes.end()) << pid << " " << one.name;
        if (found == processes.end()) continue;
        expect_same_process(one, later->second, slack, found->second);
        compared++;
    }
    return compared;
}

// What the pages of its page tables sum up to. Before 6.2 each thread kept up to 64 changes to
// itself (SPLIT_RSS_COUNTING), which neither /proc/PID/status nor defib counts.
void expect_memory_to_the_page(Guest& guest, bool counts_per_cpu) {
    const auto pid = start_witness(guest, {"memory", "40"}, "it is there");
    ASSERT_TRUE(ok(pid));
    const std::string folder = "/proc/" + std::to_string(*pid);
    const auto there = guest.read_file(folder + (counts_per_cpu ? "/smaps_rollup" : "/status"));
    ASSERT_TRUE(ok(there));
    const auto seen = by_pid(json_of(guest, {"ps"})["processes"]);
    ASSERT_TRUE(seen.contains(*pid));
    EXPECT_EQ(seen.at(*pid)["name"], "w-memory");
    EXPECT_EQ(seen.at(*pid)["rss_kib"],
              number_behind(*there, counts_per_cpu ? "\nRss:" : "\nVmRSS:"));
    EXPECT_TRUE(ok(guest.signal(*pid, SIGKILL)));
}

void expect_cgroup(Guest& guest) {
    const auto made =
        guest.run({"sh", "-c",
                   "mkdir -p /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null; "
                   "mkdir -p /sys/fs/cgroup/first.slice/second.scope && "
                   "echo 0 >/sys/fs/cgroup/first.slice/second.scope/cgroup.procs && exec sleep 0"});
    ASSERT_TRUE(ok(made));
    ASSERT_EQ(made->status, 0) << made->err;
    const auto pid =
        guest.start({"sh", "-c",
                     "echo 0 >/sys/fs/cgroup/first.slice/second.scope/cgroup.procs; exec sleep "
                     "100000"});
    ASSERT_TRUE(ok(pid));
    const auto is_there = guest.wait_for(
        "its cgroup",
        [&] {
            return guest.read_file("/proc/" + std::to_string(*pid) + "/cgroup")
                .value_or("")
                .contains("second.scope");
        },
        Guest::PATIENCE);
    ASSERT_TRUE(ok(is_there));
    const auto seen = by_pid(json_of(guest, {"ps"})["processes"]);
    ASSERT_TRUE(seen.contains(*pid));
    EXPECT_EQ(seen.at(*pid)["cgroup"], "/first.slice/second.scope");
}

// A thousand that sleep, and beside them what forks, runs threads, execs and ends without pause.
// Whatever that makes has said so before it ended; so an entry that nobody vouches for never was.
void expect_no_wild_entry_under_churn(Guest& guest, uint64_t slack) {
    constexpr int LOOKS = 8;
    constexpr size_t CROWD = 1000;
    ASSERT_TRUE(ok(start_witness(guest, {"crowd", std::to_string(CROWD)}, "all are there")));
    const auto churn = start_witness(guest, {"churn", "/testimony"}, "begins");
    ASSERT_TRUE(ok(churn));

    const GuestSays before = ask(guest);
    std::vector<nlohmann::json> looks;
    for (int i = 0; i < LOOKS; i++) {
        std::vector<std::string> command = {"ps"};
        if (i % 2 == 1) command.emplace_back("--threads");
        looks.push_back(json_of(guest, command));
    }
    const GuestSays after = ask(guest);
    ASSERT_TRUE(ok(guest.signal(*churn, SIGTERM)));
    ASSERT_TRUE(ok(guest.wait_for_exit(*churn)));
    const auto testimony = guest.read_file("/testimony");
    ASSERT_TRUE(ok(testimony));

    std::set<Life> known = before.lives;
    known.insert(after.lives.begin(), after.lives.end());
    for (const std::string& line : lines_of(*testimony)) {
        const auto numbers = numbers_in(line);
        if (numbers.size() == 2) known.insert({static_cast<int>(numbers[0]), numbers[1]});
    }
    EXPECT_GT(known.size(), before.lives.size() + 20) << "nothing was made meanwhile";

    bool with_threads = false;
    size_t torn = 0;
    std::set<Life> short_lived;
    for (const auto& look : looks) {
        ASSERT_TRUE(look.contains("processes")) << look;
        EXPECT_EQ(look["complete"], true);
        torn += look["torn"].get<size_t>();
        std::set<int> numbers;
        size_t crowd = 0;
        for (const auto& one : look["processes"]) {
            const Life life = life_of(one);
            EXPECT_TRUE(numbers.insert(life.first).second) << "twice: " << one;
            EXPECT_TRUE(known.contains(life)) << "never was: " << one;
            if (!before.lives.contains(life)) short_lived.insert(life);
            crowd += one["name"] == "w-crowd" ? 1 : 0;
            const auto thread = before.leaders.find(life);
            if (thread != before.leaders.end()) EXPECT_EQ(one["tgid"], thread->second) << one;
        }
        EXPECT_EQ(crowd, CROWD + 1);
        // Of a process' first thread alone the times are not those that /proc has for the process.
        if (!with_threads) EXPECT_GE(expect_same(before, after, slack, look), CROWD);
        with_threads = !with_threads;
    }
    // One for each look may have changed four times in a row while it was read.
    EXPECT_LE(torn, size_t{LOOKS} * 4);
    std::printf("%zu lives, %zu of the short ones seen, %zu torn in %d looks\n", known.size(),
                short_lived.size(), torn, LOOKS);
    ::testing::Test::RecordProperty("torn", std::to_string(torn));
}

// -- The log -------------------------------------------------------------------------------------

void expect_same_log(Guest& guest) {
    const auto dmesg = guest.run({"dmesg"});
    const auto raw = guest.run({"dmesg", "-r"});
    ASSERT_TRUE(ok(dmesg));
    ASSERT_TRUE(ok(raw));
    const auto log = defib(guest, {"log"});
    ASSERT_TRUE(ok(log));
    const auto there = lines_of(dmesg->out);
    const auto here = lines_of(*log);
    EXPECT_GT(there.size(), 100U);
    // What was printed meanwhile comes behind.
    ASSERT_GE(here.size(), there.size());
    for (size_t i = 0; i < there.size(); i++) ASSERT_EQ(here[i], there[i]) << "line " << i;

    // "<6>[    0.000000] ...": the facility is in the number's upper bits.
    const auto levels = lines_of(raw->out);
    size_t line = 0;
    for (const auto& message : json_of(guest, {"log"})["messages"]) {
        if (line >= levels.size()) break;
        const std::string number =
            std::to_string(message["facility"].get<int>() * 8 + message["level"].get<int>());
        ASSERT_TRUE(levels[line].starts_with("<" + number + ">")) << levels[line] << message;
        line +=
            1 + static_cast<size_t>(std::ranges::count(message["text"].get<std::string>(), '\n'));
    }
}

// -- The machine ---------------------------------------------------------------------------------

// All but the bit that says, turned around, whether a switch is due (PREEMPT_NEED_RESCHED).
constexpr uint32_t PREEMPT_NESTING = 0x7fffffff;

struct MachineSays {
    std::string stat;
    std::string vmstat;
    std::string diskstats;
    std::map<std::string, std::string> pressure;
};

MachineSays ask_machine(Guest& guest) {
    const auto read = [&](const std::string& path) { return guest.read_file(path).value_or(""); };
    MachineSays says{read("/proc/stat"), read("/proc/vmstat"), read("/proc/diskstats"), {}};
    for (const char* kind : {"cpu", "memory", "io"}) {
        says.pressure[kind] = read(std::string("/proc/pressure/") + kind);
    }
    return says;
}

void expect_between(uint64_t before, uint64_t seen, uint64_t after, const std::string& what) {
    EXPECT_GE(seen, before) << what;
    EXPECT_LE(seen, after) << what;
}

// A line of /proc/pressure/KIND: "some avg10=0.00 avg60=0.00 avg300=0.00 total=12".
std::string line_of(const std::string& text, const std::string& start) {
    for (const std::string& line : lines_of(text)) {
        if (line.starts_with(start)) return line;
    }
    return {};
}

void expect_same_pressure(const MachineSays& before, const MachineSays& after,
                          const nlohmann::json& seen) {
    for (const auto& [kind, text] : before.pressure) {
        for (const char* degree : {"some", "full"}) {
            const std::string one = line_of(text, degree);
            const std::string other = line_of(after.pressure.at(kind), degree);
            const auto& here = seen["pressure"][kind][degree];
            const std::string what = kind + " " + degree;
            expect_between(number_behind(one, "total="), here["total_us"],
                           number_behind(other, "total="), what);
            const auto averages = [](const std::string& line) {
                return line.substr(0, line.find("total="));
            };
            if (one.empty() || averages(one) != averages(other)) continue;
            const char* const names[] = {"avg10=", "avg60=", "avg300="};
            for (size_t i = 0; i < std::size(names); i++) {
                const double there = std::stod(one.substr(one.find(names[i]) + strlen(names[i])));
                // The kernel cuts what defib rounds.
                EXPECT_NEAR(here["percent"][i].get<double>(), there, 0.011) << what;
            }
        }
    }
}

void expect_same_disks(const MachineSays& before, const MachineSays& after,
                       const nlohmann::json& seen) {
    const auto disk_in = [](const std::string& text, const std::string& name) {
        for (const std::string& line : lines_of(text)) {
            const size_t at = line.find(" " + name + " ");
            if (at != std::string::npos) return numbers_in(line.substr(at + name.size() + 2));
        }
        return std::vector<uint64_t>();
    };
    bool has_read = false;
    for (const auto& disk : seen["disks"]) {
        const std::string name = disk["name"];
        const auto one = disk_in(before.diskstats, name);
        const auto other = disk_in(after.diskstats, name);
        ASSERT_GE(one.size(), 17U) << name;
        ASSERT_EQ(one.size(), other.size()) << name;
        const char* const kinds[] = {"read", "write", "discard"};
        for (size_t i = 0; i < std::size(kinds); i++) {
            const auto& kind = disk[kinds[i]];
            const size_t at = i < 2 ? i * 4 : 11;
            const std::string what = name + " " + kinds[i];
            expect_between(one[at], kind["requests"], other[at], what);
            expect_between(one[at + 1], kind["merged"], other[at + 1], what);
            expect_between(one[at + 2], kind["sectors"], other[at + 2], what);
            expect_between(one[at + 3], kind["spent_ns"].get<uint64_t>() / 1'000'000, other[at + 3],
                           what);
        }
        expect_between(one[15], disk["flush"]["requests"], other[15], name);
        expect_between(one[9], disk["busy_ns"].get<uint64_t>() / 1'000'000, other[9], name);
        if (one[8] == other[8] && one[0] == other[0] && one[4] == other[4]) {
            EXPECT_EQ(disk["in_flight"], one[8]) << name;
        }
        has_read = has_read || (name == "vda" && disk["read"]["sectors"] > 1000);
    }
    EXPECT_TRUE(has_read) << seen["disks"];
}

// The last that sysrq-y printed of a number: "->gp_seq 1234".
int64_t rcu_number(Guest& guest, const std::string& name) {
    if (!guest.write_file("/proc/sysrq-trigger", "y")) return 0;
    const auto log = guest.run({"dmesg"});
    const size_t at = log ? log->out.rfind(name + " ") : std::string::npos;
    return at == std::string::npos ? 0 : std::stoll(log->out.substr(at + name.size() + 1));
}

void expect_same_cpus(const MachineSays& before, const MachineSays& after,
                      const nlohmann::json& seen) {
    uint64_t switches = 0;
    for (const auto& cpu : seen["cpus"]) {
        switches += cpu["switches"].get<uint64_t>();
        const std::string name = "cpu" + std::to_string(cpu["cpu"].get<int>()) + " ";
        const auto one = numbers_in(line_of(before.stat, name).substr(name.size()));
        const auto other = numbers_in(line_of(after.stat, name).substr(name.size()));
        ASSERT_GE(one.size(), 8U);
        const char* const kinds[] = {"user_ns",   "nice_ns", "system_ns",  "idle_ns",
                                     "iowait_ns", "irq_ns",  "softirq_ns", "steal_ns"};
        for (size_t i = 0; i < std::size(kinds); i++) {
            const uint64_t ticks = cpu[kinds[i]].get<uint64_t>() / 10'000'000;
            // A CPU that idles without a tick is behind by as long as it has slept; /proc adds
            // that.
            const bool is_idle = std::string_view(kinds[i]).starts_with("i") && i < 5;
            if (!is_idle) EXPECT_GE(ticks, one[i]) << kinds[i];
            EXPECT_LE(ticks, other[i]) << kinds[i];
        }
    }
    expect_between(number_behind(before.stat, "ctxt "), switches,
                   number_behind(after.stat, "ctxt "), "switches");
    expect_between(number_behind(before.stat, "processes "), seen["forks"],
                   number_behind(after.stat, "processes "), "forks");
}

void expect_same_statistics(Guest& guest) {
    // Something to count: reads of a disk, and who waits for it.
    ASSERT_TRUE(ok(guest.run({"dd", "if=/dev/vda", "of=/dev/null", "bs=64k", "count=32"})));
    const int64_t rcu_before = rcu_number(guest, "->gp_seq");
    const auto memory = guest.read_file("/proc/meminfo");
    const auto uptime = guest.read_file("/proc/uptime");
    const MachineSays before = ask_machine(guest);
    const auto seen = json_of(guest, {"stat"});
    const MachineSays after = ask_machine(guest);
    const int64_t rcu_after = rcu_number(guest, "->gp_seq");
    ASSERT_TRUE(memory && uptime);
    ASSERT_TRUE(seen.contains("cpus")) << seen;
    EXPECT_EQ(seen["memory_kib"]["total"], number_behind(*memory, "MemTotal:"));
    EXPECT_EQ(seen["swap_kib"]["total"], number_behind(*memory, "SwapTotal:"));
    const auto near = [](uint64_t one, uint64_t other) {
        return std::max(one, other) - std::min(one, other);
    };
    EXPECT_LT(near(seen["memory_kib"]["free"], number_behind(*memory, "MemFree:")), 20'000U);
    EXPECT_LT(near(seen["memory_kib"]["files"],
                   number_behind(*memory, "\nCached:") + number_behind(*memory, "Buffers:")),
              20'000U);
    EXPECT_GE(seen["uptime_ns"].get<uint64_t>() / 1'000'000'000 + 1, std::stoull(*uptime));

    const std::map<std::string, std::string> events = {{"swapped_in", "\npswpin "},
                                                       {"swapped_out", "\npswpout "},
                                                       {"faults", "\npgfault "},
                                                       {"major_faults", "\npgmajfault "},
                                                       {"oom_kills", "\noom_kill "},
                                                       {"scanned_by_kswapd", "\npgscan_kswapd "},
                                                       {"scanned_directly", "\npgscan_direct "}};
    for (const auto& [name, there] : events) {
        expect_between(number_behind(before.vmstat, there), seen["events"][name],
                       number_behind(after.vmstat, there), name);
    }
    expect_same_cpus(before, after, seen);
    expect_same_pressure(before, after, seen);
    expect_same_disks(before, after, seen);
    ASSERT_NE(rcu_before, 0);  // it starts below 0 (RCU_SEQ_CTR_SHIFT, rcu_init_one())
    EXPECT_GE(seen["rcu"]["sequence"].get<int64_t>(), rcu_before);
    EXPECT_LE(seen["rcu"]["sequence"].get<int64_t>(), rcu_after);
}

// The kernel's own word on its queues (print_cpu() in kernel/sched/debug.c).
struct QueueSays {
    uint64_t running = 0;
    uint64_t current = 0;
};

QueueSays ask_queue(Guest& guest, int cpu) {
    // By a program on the other CPU: the agent has a realtime priority, and would see itself.
    const auto all = guest.run({"taskset", "1", "cat", "/sys/kernel/debug/sched/debug"});
    const size_t at = all ? all->out.find("\ncpu#" + std::to_string(cpu)) : std::string::npos;
    if (at == std::string::npos) return {};
    const std::string one = all->out.substr(at, all->out.find("\ncpu#", at + 1) - at);
    const auto number = [&](const std::string& name) {
        const size_t line = one.find("  ." + name + " ");
        const size_t colon = one.find(':', line);
        return line == std::string::npos ? 0 : std::stoull(one.substr(colon + 1));
    };
    return {.running = number("nr_running"), .current = number("curr->pid")};
}

// Three that never rest on one CPU: its queue's length, who runs, and that nothing forbids another
// to. An interrupt may be on top of it at any moment, and a worker beside: so it is asked until the
// kernel says the same before and after.
void expect_same_queue(Guest& guest) {
    constexpr int CPU = 1;
    std::set<uint64_t> busy;
    for (int i = 0; i < 3; i++) {
        const auto pid =
            guest.start({"taskset", "2", "sh", "-c", "while :; do :; done"});  // a mask: CPU 1
        ASSERT_TRUE(ok(pid));
        busy.insert(static_cast<uint64_t>(*pid));
    }
    ASSERT_TRUE(ok(guest.run({"mount", "-t", "debugfs", "none", "/sys/kernel/debug"})));
    nlohmann::json seen;
    QueueSays before;
    QueueSays after;
    const auto is_same = guest.wait_for(
        "three on its queue, before and after",
        [&] {
            before = ask_queue(guest, CPU);
            seen = json_of(guest, {"stat"})["cpus"].at(CPU);
            after = ask_queue(guest, CPU);
            return before.running >= busy.size() && after.running >= busy.size() &&
                   busy.contains(before.current) && busy.contains(after.current) &&
                   (seen["preempt_count"].get<uint32_t>() & PREEMPT_NESTING) == 0;
        },
        Guest::PATIENCE);
    ASSERT_TRUE(ok(is_same)) << seen << " before: " << before.running << " on its queue, "
                             << before.current << " runs; after: " << after.running << ", "
                             << after.current;
    // Since 6.12 who has gone to sleep may stay on the queue for a while (DELAY_DEQUEUE).
    expect_between(busy.size(), seen["running"], std::max(before.running, after.running), "queue");
    EXPECT_TRUE(busy.contains(seen["pid"].get<uint64_t>())) << seen;
    EXPECT_EQ(seen["name"], "sh");
    for (const uint64_t pid : busy) EXPECT_TRUE(ok(guest.signal(static_cast<int>(pid), SIGKILL)));
}

// The averages are counted every five seconds; between two that are the same they were so.
void expect_same_load(Guest& guest) {
    std::string before;
    nlohmann::json seen;
    const auto is_same = guest.wait_for(
        "a load that stays",
        [&] {
            before = guest.read_file("/proc/loadavg").value_or("");
            seen = json_of(guest, {"stat"});
            const auto after = guest.read_file("/proc/loadavg").value_or("?");
            return before.substr(0, before.rfind(' ')) == after.substr(0, after.rfind(' '));
        },
        Guest::PATIENCE);
    ASSERT_TRUE(ok(is_same));
    std::istringstream words(before);
    for (const auto& load : seen["load"]) {
        double there = 0;
        words >> there;
        // The kernel rounds up by 1/200 and cuts (get_avenrun() with FIXED_1/200).
        EXPECT_NEAR(load.get<double>(), there, 0.0101) << before;
    }
    // Whoever answered the question may have been one more.
    const uint64_t threads = std::stoull(before.substr(before.find('/') + 1));
    expect_between(threads - 1, seen["threads"], threads, before);
}

// A disk that takes a quarter of a second for each request has one nearly always.
void expect_requests_in_flight(Guest& guest) {
    const auto reader = guest.start({"dd", "if=/dev/vdb", "of=/dev/null", "bs=1M"});
    ASSERT_TRUE(ok(reader));
    const auto is_seen = guest.wait_for(
        "a request in flight",
        [&] {
            for (const auto& disk : json_of(guest, {"stat"})["disks"]) {
                if (disk["name"] == "vdb" && disk["in_flight"] > 0) return true;
            }
            return false;
        },
        Guest::PATIENCE);
    EXPECT_TRUE(ok(is_seen));
    EXPECT_TRUE(ok(guest.signal(*reader, SIGKILL)));
}

TEST_P(Look, SaysWhatTheGuestItselfSays) {
    GuestOptions options = GetParam().options;
    options.disks = {{.megabytes = 16}, {.megabytes = 16, .bytes_per_second = 500'000}};
    options.command_line = "rcutree.sysrq_rcu=1";
    GuestUnderTest guest(options);
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(bring_witness(*guest)));
    expect_same_log(*guest);
    expect_same_statistics(*guest);
    expect_requests_in_flight(*guest);
    expect_same_queue(*guest);
    expect_same_load(*guest);
    expect_cgroup(*guest);
    const bool counts_per_cpu = guest->kernel().release.starts_with("6.12");
    expect_memory_to_the_page(*guest, counts_per_cpu);
    expect_no_wild_entry_under_churn(*guest, counts_per_cpu ? 3 * 2 * 32 : 0);
    const auto locks = json_of(*guest, {"locks"});
    EXPECT_EQ(locks["cpus"].size(), 2U);
    EXPECT_TRUE(locks["deadlocks"].empty());
}

}  // namespace
}  // namespace defib::look
