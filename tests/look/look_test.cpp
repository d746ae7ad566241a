// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The first look, end to end: what `defib ps` and `defib log` say of a guest from outside is what
// the guest's own /proc and dmesg say; and they go on saying it when the guest cannot be asked any
// more.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/faults/fault.h"
#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/lab/guest.h"
#include "tests/lab/host_program.h"

namespace defib {
namespace {

using lab::Guest;
using lab::GuestOptions;

Result<std::string> defib(const Guest& guest, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), DEFIB_PROGRAM);
    arguments.insert(arguments.end(), {"--target", "vm:" + guest.ram_file().string()});
    return lab::run_host_program(arguments);
}

nlohmann::json json_of(const Guest& guest, std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const auto out = defib(guest, std::move(arguments));
    EXPECT_TRUE(out) << to_line(out.error());
    return out ? nlohmann::json::parse(*out, nullptr, false) : nlohmann::json();
}

// The fields of /proc/PID/stat that do not change while nobody touches a sleeping process.
struct Stat {
    std::string name;
    std::string state;
    int ppid = 0;
    long priority = 0;
    long threads = 0;
    uint64_t start_ticks = 0;
};

std::map<int, Stat> stats_of(const std::string& text) {
    std::map<int, Stat> all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const size_t open = line.find('(');
        const size_t close = line.rfind(')');
        if (open == std::string::npos || close == std::string::npos) continue;
        Stat one;
        one.name = line.substr(open + 1, close - open - 1);
        std::istringstream rest(line.substr(close + 1));
        std::vector<std::string> fields;
        for (std::string field; rest >> field;) fields.push_back(field);
        if (fields.size() < 20) continue;
        one.state = fields[0];
        one.ppid = std::stoi(fields[1]);
        one.priority = std::stol(fields[15]);
        one.threads = std::stol(fields[17]);
        one.start_ticks = std::stoull(fields[19]);
        all[std::stoi(line)] = one;
    }
    return all;
}

std::map<int, Stat> stats_in(Guest& guest) {
    const auto out = guest.run({"sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null"});
    return out ? stats_of(out->out) : std::map<int, Stat>{};
}

std::map<int, nlohmann::json> by_pid(const nlohmann::json& processes) {
    std::map<int, nlohmann::json> all;
    for (const auto& one : processes) all[one.at("pid").get<int>()] = one;
    return all;
}

void start_sleepers(Guest& guest, int count) {
    const std::string script = "i=0; while [ $i -lt " + std::to_string(count) +
                               " ]; do sleep 100000 & i=$((i+1)); done; sleep 100000";
    const auto shell = guest.start({"sh", "-c", script});
    ASSERT_TRUE(shell) << to_line(shell.error());
    const auto wanted = static_cast<size_t>(count);
    const auto ready = guest.wait_for(
        "sleepers",
        [&] {
            const auto out = guest.run({"sh", "-c", "grep -l '(sleep)' /proc/[0-9]*/stat | wc -l"});
            return out && std::stoul("0" + out->out) >= wanted;
        },
        std::chrono::milliseconds(120'000));
    ASSERT_TRUE(ready) << to_line(ready.error());
}

struct Machine {
    std::string name;
    GuestOptions options;
};

struct Look : ::testing::TestWithParam<Machine> {};

INSTANTIATE_TEST_SUITE_P(Kernels, Look,
                         ::testing::Values(Machine{"linux_6_1", {.kernel = "6.1"}},
                                           Machine{"linux_6_12", {.kernel = "6.12"}},
                                           Machine{"linux_6_1_cloud", {.kernel = "6.1-cloud"}},
                                           Machine{"linux_6_12_cloud", {.kernel = "6.12-cloud"}},
                                           Machine{"linux_6_1_rt", {.kernel = "6.1-rt"}},
                                           Machine{"linux_6_12_rt_5_levels_4_GB",
                                                   {.kernel = "6.12-rt",
                                                    .ram_megabytes = 4096,
                                                    .five_level_paging = true}}),
                         [](const auto& machine) { return machine.param.name; });

void expect_same_processes(Guest& guest) {
    const auto before = stats_in(guest);
    const auto seen = json_of(guest, {"ps"});
    const auto after = stats_in(guest);
    ASSERT_TRUE(seen.contains("processes"));
    EXPECT_EQ(seen["torn"], 0);
    EXPECT_EQ(seen["complete"], true);
    const auto processes = by_pid(seen["processes"]);
    size_t compared = 0;
    for (const auto& [pid, stat] : before) {
        const auto later = after.find(pid);
        if (later == after.end() || later->second.start_ticks != stat.start_ticks) continue;
        const auto found = processes.find(pid);
        ASSERT_NE(found, processes.end()) << pid << " " << stat.name;
        const nlohmann::json& one = found->second;
        EXPECT_EQ(one["ppid"], stat.ppid) << stat.name;
        EXPECT_EQ(one["threads"], stat.threads) << stat.name;
        EXPECT_EQ(one["priority"].get<long>(), stat.priority + 100) << stat.name;
        EXPECT_EQ(one["start_ns"].get<uint64_t>() / 10'000'000, stat.start_ticks) << stat.name;
        // /proc shows a worker with its queue's name; the kernel's own has 15 letters.
        if (!stat.name.starts_with("kworker")) EXPECT_EQ(one["name"], stat.name.substr(0, 15));
        if (stat.state == later->second.state && stat.state != "R") {
            const std::string state = one["state"];
            EXPECT_TRUE(state == stat.state || state == "R") << stat.name << " " << state;
        }
        compared++;
    }
    EXPECT_GT(compared, 20U);
    for (const auto& [pid, one] : processes) {
        EXPECT_TRUE(before.contains(pid) || after.contains(pid) || one["start_ns"] > 0) << pid;
    }
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) all.push_back(line);
    return all;
}

void expect_same_log(Guest& guest) {
    const auto dmesg = guest.run({"dmesg"});
    ASSERT_TRUE(dmesg);
    const auto log = defib(guest, {"log"});
    ASSERT_TRUE(log) << to_line(log.error());
    const auto there = lines_of(dmesg->out);
    const auto here = lines_of(*log);
    EXPECT_GT(there.size(), 100U);
    // What was printed meanwhile comes behind.
    ASSERT_GE(here.size(), there.size());
    for (size_t i = 0; i < there.size(); i++) ASSERT_EQ(here[i], there[i]) << "line " << i;
}

// "MemTotal:  123 kB"
uint64_t field_of(const std::string& text, const std::string& name) {
    const size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size()));
}

void expect_same_statistics(Guest& guest) {
    const auto memory = guest.read_file("/proc/meminfo");
    const auto before = guest.read_file("/proc/stat");
    const auto uptime = guest.read_file("/proc/uptime");
    const auto seen = json_of(guest, {"stat"});
    const auto after = guest.read_file("/proc/stat");
    ASSERT_TRUE(memory && before && uptime && after);
    ASSERT_TRUE(seen.contains("cpus"));
    EXPECT_EQ(seen["memory_kib"]["total"], field_of(*memory, "MemTotal:"));
    EXPECT_EQ(seen["swap_kib"]["total"], field_of(*memory, "SwapTotal:"));
    const auto near = [](uint64_t one, uint64_t other) {
        return std::max(one, other) - std::min(one, other);
    };
    EXPECT_LT(near(seen["memory_kib"]["free"], field_of(*memory, "MemFree:")), 20'000U);
    EXPECT_LT(near(seen["memory_kib"]["files"],
                   field_of(*memory, "\nCached:") + field_of(*memory, "Buffers:")),
              20'000U);
    EXPECT_GE(seen["forks"], field_of(*before, "processes "));
    EXPECT_LE(seen["forks"], field_of(*after, "processes "));
    EXPECT_GE(seen["uptime_ns"].get<uint64_t>() / 1'000'000'000 + 1, std::stoull(*uptime));
    uint64_t switches = 0;
    for (const auto& cpu : seen["cpus"]) switches += cpu["switches"].get<uint64_t>();
    EXPECT_GE(switches, field_of(*before, "ctxt "));
    EXPECT_LE(switches, field_of(*after, "ctxt "));
}

TEST_P(Look, SaysWhatTheGuestItselfSays) {
    auto guest = Guest::boot(GetParam().options);
    ASSERT_TRUE(guest) << to_line(guest.error());
    start_sleepers(*guest, 5);
    expect_same_processes(*guest);
    expect_same_log(*guest);
    expect_same_statistics(*guest);
    const auto locks = json_of(*guest, {"locks"});
    EXPECT_EQ(locks["cpus"].size(), 2U);
    EXPECT_TRUE(locks["deadlocks"].empty());
}

TEST(LookAtChurn, FindsAThousandSleepersAmongForksAndExits) {
    auto guest = Guest::boot({.kernel = "6.12", .ram_megabytes = 1024});
    ASSERT_TRUE(guest) << to_line(guest.error());
    start_sleepers(*guest, 1000);
    ASSERT_TRUE(guest->start({"sh", "-c", "while :; do true & /bin/true; done"}));
    ASSERT_TRUE(guest->start({"sh", "-c", "while :; do sh -c 'sh -c true' & wait; done"}));
    for (int i = 0; i < 20; i++) {
        const auto seen = json_of(*guest, {"ps"});
        ASSERT_TRUE(seen.contains("processes"));
        size_t sleepers = 0;
        for (const auto& one : seen["processes"]) sleepers += one["name"] == "sleep" ? 1 : 0;
        EXPECT_GE(sleepers, 1000U);
        EXPECT_LT(seen["torn"].get<size_t>(), 20U);
    }
}

TEST(LookAtTheDead, ShowsProcessesAndLogAfterAPanic) {
    auto guest = Guest::boot({.kernel = "6.1"});
    ASSERT_TRUE(guest) << to_line(guest.error());
    start_sleepers(*guest, 3);
    ASSERT_TRUE(guest->write_file("/proc/sys/kernel/panic", "0"));
    const auto crash = guest->start({"sh", "-c", "sleep 1; echo c > /proc/sysrq-trigger"});
    ASSERT_TRUE(crash);
    const auto dead =
        guest->wait_for_console("end Kernel panic", std::chrono::milliseconds(60'000));
    ASSERT_TRUE(dead) << guest->console_tail();
    const auto seen = json_of(*guest, {"ps"});
    std::set<std::string> names;
    for (const auto& one : seen["processes"]) names.insert(one["name"]);
    EXPECT_TRUE(names.contains("sleep"));
    EXPECT_TRUE(names.contains("kthreadd"));
    const auto log = defib(*guest, {"log"});
    ASSERT_TRUE(log) << to_line(log.error());
    EXPECT_TRUE(log->contains("Kernel panic - not syncing: sysrq triggered crash"));
}

TEST(LookAtADump, ShowsWhatTheGuestWas) {
    auto guest = Guest::boot({.kernel = "6.12"});
    ASSERT_TRUE(guest) << to_line(guest.error());
    start_sleepers(*guest, 3);
    const std::string dump = "/tmp/defib-look-" + std::to_string(getpid()) + ".elf";
    const auto dumped =
        guest->qmp("dump-guest-memory", {{"paging", false}, {"protocol", "file:" + dump}},
                   std::chrono::milliseconds(120'000));
    ASSERT_TRUE(dumped) << to_line(dumped.error());
    const auto seen = lab::run_host_program({DEFIB_PROGRAM, "ps", "--target", "core:" + dump});
    const auto log = lab::run_host_program({DEFIB_PROGRAM, "log", "--target", "core:" + dump});
    std::filesystem::remove(dump);
    ASSERT_TRUE(seen) << to_line(seen.error());
    EXPECT_TRUE(seen->contains(" sleep "));
    ASSERT_TRUE(log) << to_line(log.error());
    EXPECT_TRUE(log->contains("Run /agent as init process"));
}

struct LookAtLocks : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, LookAtLocks, ::testing::Values("6.1", "6.12", "6.12-rt"));

TEST_P(LookAtLocks, NamesAMutexItsWaitersAndItsOwner) {
    const faults::Fault* fault = faults::find("mutex");
    ASSERT_NE(fault, nullptr);
    auto guest = Guest::boot(faults::guest_for(*fault, GetParam()));
    ASSERT_TRUE(guest) << to_line(guest.error());
    const auto injection = faults::inject(*guest, *fault);
    ASSERT_TRUE(injection) << to_line(injection.error());
    const auto there = faults::wait_for_symptom(*guest, *injection);
    ASSERT_TRUE(there) << to_line(there.error());
    const auto locks = json_of(*guest, {"locks"});
    std::set<std::string> held;
    std::set<int> owners;
    size_t waiters = 0;
    for (const auto& wait : locks.value("waits", nlohmann::json::array())) {
        if (wait["name"] != "v-read") continue;
        EXPECT_TRUE(wait["waits_for"] == "mutex" || wait["waits_for"] == "rt_mutex");
        EXPECT_EQ(wait["owner_name"], "v-read");
        held.insert(wait["lock"]);
        owners.insert(wait["owner_pid"].get<int>());
        waiters++;
    }
    EXPECT_EQ(waiters, 4U);
    EXPECT_EQ(held.size(), 1U);
    EXPECT_EQ(owners.size(), 1U);
    EXPECT_TRUE(locks["deadlocks"].empty());
}

TEST(LookAtTheDead, ShowsProcessesAndSpinningCpusWhenAllAreDeadlocked) {
    const faults::Fault* fault = faults::find("f1a_queue");
    ASSERT_NE(fault, nullptr);
    auto guest = Guest::boot(faults::guest_for(*fault, "6.12"));
    ASSERT_TRUE(guest) << to_line(guest.error());
    const auto injection = faults::inject(*guest, *fault);
    ASSERT_TRUE(injection) << to_line(injection.error());
    const auto there = faults::wait_for_symptom(*guest, *injection);
    ASSERT_TRUE(there) << to_line(there.error());
    EXPECT_GT(json_of(*guest, {"ps"})["processes"].size(), 20U);
    size_t spinning = 0;
    const auto locks = json_of(*guest, {"locks"});
    for (const auto& cpu : locks["cpus"]) spinning += cpu["queue_nodes"] > 0 ? 1 : 0;
    EXPECT_GE(spinning + 1, locks["cpus"].size()) << "the first waiter may spin on the lock itself";
}

}  // namespace
}  // namespace defib
