// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What defib says of a guest that cannot be asked any more: panicked, with all CPUs in a deadlock,
// or no more than a dump. And of locks: who waits, who holds.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "tests/faults/fault.h"
#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"
#include "tests/look/guest_says.h"

namespace defib::look {
namespace {

using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

std::set<std::string> names_of(const nlohmann::json& seen) {
    std::set<std::string> names;
    for (const auto& one : seen.value("processes", nlohmann::json::array())) {
        names.insert(one["name"]);
    }
    return names;
}

// Every process that was there while the guest still answered is there now.
void expect_all_of(const GuestSays& before, const nlohmann::json& seen) {
    std::set<Life> lives;
    for (const auto& one : seen.value("processes", nlohmann::json::array())) {
        lives.insert(life_of(one));
    }
    size_t missing = 0;
    for (const auto& [pid, one] : before.processes) {
        // The witness itself, and workers, which come and go.
        if (one.name == "witness" || one.name.starts_with("kworker")) continue;
        missing += lives.contains({pid, one.start_ticks}) ? 0 : 1;
    }
    EXPECT_EQ(missing, 0U);
    EXPECT_GT(lives.size(), 20U);
    EXPECT_EQ(seen["torn"], 0) << "nothing moves in a dead guest";
    EXPECT_EQ(seen["complete"], true);
}

Result<void> break_it(Guest& guest, const faults::Fault& fault) {
    const auto injection = faults::inject(guest, fault);
    if (!injection) return std::unexpected(injection.error());
    return faults::wait_for_symptom(guest, *injection);
}

TEST(LookAtTheDead, ShowsEverythingAfterAPanic) {
    GuestUnderTest guest({.kernel = "6.1"});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(bring_witness(*guest)));
    ASSERT_TRUE(ok(start_witness(*guest, {"crowd", "3"}, "all are there")));
    ASSERT_TRUE(ok(guest->write_file("/proc/sys/kernel/panic", "0")));
    const GuestSays before = ask(*guest);
    ASSERT_TRUE(ok(guest->start({"sh", "-c", "sleep 1; echo c > /proc/sysrq-trigger"})));
    ASSERT_TRUE(ok(guest->wait_for_console("end Kernel panic", Guest::PATIENCE)));
    const auto seen = json_of(*guest, {"ps"});
    expect_all_of(before, seen);
    EXPECT_TRUE(names_of(seen).contains("w-crowd"));
    EXPECT_TRUE(names_of(seen).contains("kthreadd"));
    const auto log = defib(*guest, {"log"});
    ASSERT_TRUE(ok(log));
    EXPECT_TRUE(log->contains("Kernel panic - not syncing: sysrq triggered crash"));
    const auto statistics = json_of(*guest, {"stat"});
    ASSERT_TRUE(statistics.contains("cpus")) << statistics;
    EXPECT_EQ(statistics["cpus"].size(), 2U);
    EXPECT_GT(statistics["memory_kib"]["free"], 0);
}

TEST(LookAtADump, ShowsWhatTheGuestWas) {
    GuestUnderTest guest({.kernel = "6.12"});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(bring_witness(*guest)));
    ASSERT_TRUE(ok(start_witness(*guest, {"crowd", "3"}, "all are there")));
    const std::string dump = "/tmp/defib-look-" + std::to_string(getpid()) + ".elf";
    const auto dumped =
        guest->qmp("dump-guest-memory", {{"paging", false}, {"protocol", "file:" + dump}},
                   std::chrono::milliseconds(120'000));
    ASSERT_TRUE(ok(dumped));
    std::map<std::string, Result<std::string>> seen;
    for (const char* what : {"ps", "log", "stat", "locks"}) {
        seen.emplace(what,
                     lab::run_host_program({DEFIB_PROGRAM, what, "--target", "core:" + dump}));
    }
    // Raw memory is a dump too; this one still changes.
    seen.emplace("raw", lab::run_host_program({DEFIB_PROGRAM, "ps", "--target",
                                               "core:" + guest->ram_file().string()}));
    std::filesystem::remove(dump);
    for (const auto& [what, text] : seen) ASSERT_TRUE(ok(text)) << what;
    EXPECT_TRUE(seen.at("ps")->contains(" w-crowd "));
    EXPECT_TRUE(seen.at("raw")->contains(" w-crowd "));
    EXPECT_TRUE(seen.at("log")->contains("Run /agent as init process"));
    EXPECT_TRUE(seen.at("stat")->contains("pressure  memory full"));
    EXPECT_TRUE(seen.at("locks")->contains("CPU"));
}

struct LookAtLocks : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, LookAtLocks, ::testing::Values("6.1", "6.12", "6.12-rt"));

std::map<std::string, nlohmann::json> waits_of_readers(const nlohmann::json& locks) {
    std::map<std::string, nlohmann::json> by_kind;
    for (const auto& wait : locks.value("waits", nlohmann::json::array())) {
        const std::string kind = wait["waits_for"];
        if (kind.starts_with("rwsem")) by_kind[kind] = wait;
    }
    return by_kind;
}

// Two hold it to read, one waits to write, and one to read behind that.
void expect_readers_and_writers(Guest& guest) {
    ASSERT_TRUE(ok(guest.start({"/bin/victim", "read", "/dev/defib_rwsem", "3"})));
    const auto writer = guest.wait_for(
        "the writer", [&] { return !waits_of_readers(json_of(guest, {"locks"})).empty(); },
        Guest::PATIENCE);
    ASSERT_TRUE(ok(writer));
    ASSERT_TRUE(ok(guest.start({"/bin/victim", "read", "/dev/defib_rwsem", "1"})));
    std::map<std::string, nlohmann::json> waits;
    const auto reader = guest.wait_for(
        "the reader behind it",
        [&] {
            waits = waits_of_readers(json_of(guest, {"locks"}));
            return waits.size() == 2;
        },
        Guest::PATIENCE);
    ASSERT_TRUE(ok(reader));
    for (const char* kind : {"rwsem, to write", "rwsem, to read"}) {
        ASSERT_TRUE(waits.contains(kind));
        EXPECT_EQ(waits[kind]["name"], "v-read");
        EXPECT_EQ(waits[kind]["readers"], 2) << waits[kind];
        EXPECT_EQ(waits[kind]["last_reader_name"], "v-read");
        EXPECT_NE(waits[kind]["last_reader_pid"], waits[kind]["pid"]);
        EXPECT_EQ(waits[kind]["lock"], waits["rwsem, to write"]["lock"]);
    }
}

TEST_P(LookAtLocks, NamesAMutexItsWaitersAndItsOwner) {
    const faults::Fault* fault = faults::find("mutex");
    ASSERT_NE(fault, nullptr);
    GuestUnderTest guest(faults::guest_for(*fault, GetParam()));
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(break_it(*guest, *fault)));
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
    size_t told_by_ps = 0;
    for (const auto& one : json_of(*guest, {"ps"}).value("processes", nlohmann::json::array())) {
        told_by_ps += one["waits_for"].get<std::string>().contains("mutex held by ") ? 1 : 0;
    }
    EXPECT_EQ(told_by_ps, 4U);
    // With PREEMPT_RT readers leave no more than a count.
    if (!guest->kernel().release.contains("-rt-")) expect_readers_and_writers(*guest);
}

// With the queue of waiters, and with test-and-set as guests of a hypervisor do, which leaves only
// what the last tick found.
struct Deadlock {
    const char* fault;
    const char* kernel;
};
void PrintTo(const Deadlock& one, std::ostream* out) {
    *out << one.fault << " on " << one.kernel;
}
struct LookAtDeadlocks : ::testing::TestWithParam<Deadlock> {};
INSTANTIATE_TEST_SUITE_P(Kinds, LookAtDeadlocks,
                         ::testing::Values(Deadlock{"f1a_queue", "6.12"}, Deadlock{"f1a", "6.12"},
                                           Deadlock{"f1a", "6.1"}),
                         [](const auto& one) {
                             std::string name =
                                 std::string(one.param.fault) + "_" + one.param.kernel;
                             std::ranges::replace(name, '.', '_');
                             return name;
                         });

// "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [v-read:123]": who the kernel itself found
// running there. A name may hold a colon, as kworker/1:0 does.
std::map<int, int> stuck_in(const std::string& log) {
    std::map<int, int> pids;
    const std::regex line(R"(soft lockup - CPU#(\d+) stuck for \d+s! \[.*:(\d+)\])");
    for (std::sregex_iterator one(log.begin(), log.end(), line), end; one != end; ++one) {
        pids[std::stoi((*one)[1])] = std::stoi((*one)[2]);
    }
    return pids;
}

TEST_P(LookAtDeadlocks, ShowsTheDeadAndTheLockThatAllSpinFor) {
    const faults::Fault* fault = faults::find(GetParam().fault);
    ASSERT_NE(fault, nullptr);
    GuestUnderTest guest(faults::guest_for(*fault, GetParam().kernel));
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(bring_witness(*guest)));
    const GuestSays before = ask(*guest);
    ASSERT_TRUE(ok(break_it(*guest, *fault)));
    expect_all_of(before, json_of(*guest, {"ps"}));
    const auto log = defib(*guest, {"log"});
    ASSERT_TRUE(ok(log));
    EXPECT_TRUE(log->contains("soft lockup"));
    const auto statistics = json_of(*guest, {"stat"});
    ASSERT_TRUE(statistics.contains("cpus")) << statistics;
    const auto stuck = stuck_in(*log);
    EXPECT_FALSE(stuck.empty());
    for (const auto& [number, pid] : stuck) {
        const auto& cpu = statistics["cpus"].at(static_cast<size_t>(number));
        EXPECT_EQ(cpu["pid"], pid) << cpu;
    }
    // A spinlock's holder and its waiters forbid to be switched: at least one level of nesting
    // each.
    for (const auto& cpu : statistics["cpus"])
        EXPECT_GE(cpu["preempt_count"].get<uint32_t>() & 0xff, 1U) << cpu;

    const auto locks = json_of(*guest, {"locks"});
    ASSERT_EQ(locks["cpus"].size(), fault->guest.cpus);
    std::set<std::string> spun_for;
    size_t in_queue = 0;
    for (const auto& cpu : locks["cpus"]) {
        spun_for.insert(cpu.value("spins_for", "nothing"));
        in_queue += cpu["queue_nodes"] > 0 ? 1 : 0;
    }
    EXPECT_EQ(spun_for.size(), 1U) << locks["cpus"];
    EXPECT_FALSE(spun_for.contains("nothing")) << locks["cpus"];
    // The first waiter may spin on the lock itself.
    if (fault->guest.queued_spinlocks) EXPECT_GE(in_queue + 1, locks["cpus"].size());
}

}  // namespace
}  // namespace defib::look
