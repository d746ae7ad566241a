// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib act` as a person types it: every repair there is, on a running guest; what it says, its
// exit status, and what the guest says of it. A dry run and a refusal write nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/lab/host_program.h"
#include "tests/repairs/ward.h"

namespace defib::repairs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Both streams, with "[status]" in front.
std::string defib_says(const std::string& words) {
    const auto said = lab::run_host_program(
        {"sh", "-c",
         fmt::format("out=$({} {} 2>&1); echo \"[$?]\"; echo \"$out\"", DEFIB_PROGRAM, words)});
    EXPECT_TRUE(lab::ok(said));
    return said.value_or("");
}

class Person {
  public:
    explicit Person(Ward& ward) : ward_(ward) {}

    std::string act(const std::string& words) {
        return defib_says(
            fmt::format("act {} --target vm:{}", words, ward_.guest().ram_file().string()));
    }
    // First its plan, which changes nothing; then the repair.
    void repairs(const std::string& words) {
        SCOPED_TRACE(words);
        EXPECT_THAT(act(words + " --dry-run"),
                    AllOf(StartsWith("[0]"), Not(HasSubstr("stored\n"))));
        EXPECT_THAT(act(words), AllOf(StartsWith("[0]"), HasSubstr("done: the effect is there")));
    }
    // Nothing was written, so that there is nothing to take back.
    void is_refused(const std::string& words, const char* why) {
        SCOPED_TRACE(words);
        EXPECT_THAT(act(words),
                    AllOf(StartsWith("[1]"), HasSubstr(why), Not(HasSubstr("taken back")),
                          Not(HasSubstr("done: the effect"))));
    }

  private:
    Ward& ward_;
};

std::string with(const char* routine, pid_t pid, const std::string& more = {}) {
    return fmt::format("{} {} {}", routine, pid, more);
}

pid_t asleep(Ward& ward) {
    const pid_t pid = ward.start({"sleep", "100000"});
    EXPECT_TRUE(ward.becomes(pid, 'S'));
    return pid;
}

void signals(Ward& ward, Person& person) {
    const pid_t pid = asleep(ward);
    EXPECT_THAT(person.act(with("signal", pid, "signal=TERM --dry-run")),
                AllOf(StartsWith("[0]"), HasSubstr("would store"),
                      HasSubstr("signal_struct.shared_pending.signal.sig"), HasSubstr("sleep")));
    EXPECT_EQ(ward.state(pid), 'S');
    person.repairs(with("signal", pid, "signal=STOP"));
    EXPECT_TRUE(ward.becomes(pid, 'T'));
    EXPECT_THAT(person.act(with("set_nice", pid, "nice=7")),
                HasSubstr(fmt::format("to undo: defib act set_nice {} nice=0\n", pid)));
    person.repairs(with("set_affinity", pid, "cpus=1"));
    person.repairs(with("signal", pid, "signal=SIGCONT"));
    EXPECT_TRUE(ward.becomes(pid, 'S'));
    person.repairs(with("freeze", pid));
    person.repairs(with("thaw", pid));
    person.repairs(with("wake", pid));
    person.repairs(with("wake_signalled", pid));
    person.repairs(with("set_rlimit", pid, "resource=7 limit=50"));
    EXPECT_THAT(ward.file(fmt::format("/proc/{}/limits", pid)),
                HasSubstr("Max open files            50 "));
    const pid_t busy = ward.start({"sh", "-c", "while :; do :; done"});
    EXPECT_TRUE(ward.becomes(busy, 'R'));
    person.repairs(with("kill_family", busy));
    person.repairs(with("signal", pid, "signal=15"));
    EXPECT_TRUE(ward.ends_by(pid, SIGTERM));
    person.is_refused(with("signal", pid, "signal=15"), "no such process");
}

void settings(Ward& ward, Person& person) {
    for (const auto& [routine, path] :
         {std::pair{"set_swappiness", "/proc/sys/vm/swappiness"},
          {"set_overcommit_memory", "/proc/sys/vm/overcommit_memory"},
          {"set_oom_kill_allocating_task", "/proc/sys/vm/oom_kill_allocating_task"}}) {
        person.repairs(fmt::format("{} value=1", routine));
        EXPECT_EQ(ward.file(path), "1\n");
        person.is_refused(fmt::format("{} value=1000", routine), "an argument is outside");
    }
    const std::string before = ward.file("/proc/sys/kernel/threads-max");
    EXPECT_THAT(person.act("set_max_threads value=2000"),
                HasSubstr("to undo: defib act set_max_threads value=" + before));
    EXPECT_EQ(ward.file("/proc/sys/kernel/threads-max"), "2000\n");
}

void cgroups(Ward& ward, Person& person) {
    const auto made = ward.guest().run({"sh", "-c",
                                        "mkdir -p /cg && mount -t cgroup2 none /cg && echo +memory "
                                        "+pids +cpu > /cg/cgroup.subtree_control "
                                        "&& mkdir /cg/a"});
    ASSERT_TRUE(lab::ok(made));
    const pid_t pid =
        ward.start({"sh", "-c", "echo $$ > /cg/a/cgroup.procs; echo in; exec sleep 100000"});
    ASSERT_TRUE(ward.says(pid, "in"));
    person.repairs(with("set_memory_max", pid, "bytes=104857600"));
    EXPECT_THAT(person.act(with("set_memory_max", pid, "bytes=209715200")),
                HasSubstr("set_memory_max " + std::to_string(pid) + " bytes=104857600\n"));
    person.repairs(with("set_memory_max", pid, "bytes=104857600"));
    EXPECT_EQ(ward.file("/cg/a/memory.max"), "104857600\n");
    person.repairs(with("set_memory_high", pid, "bytes=94371840"));
    person.repairs(with("set_pids_max", pid, "tasks=7"));
    EXPECT_EQ(ward.file("/cg/a/pids.max"), "7\n");
    EXPECT_THAT(person.act(with("freeze_cgroup", pid)),
                HasSubstr(fmt::format("to undo: defib act thaw_cgroup {}\n", pid)));
    EXPECT_EQ(ward.file("/cg/a/cgroup.freeze"), "1\n");
    person.repairs(with("thaw_cgroup", pid));
    EXPECT_EQ(ward.file("/cg/a/cgroup.freeze"), "0\n");
    person.is_refused(with("set_cpu_max", pid, "quota_us=20000"),
                      "switched off until somebody uses it");
    const auto limited =
        ward.guest().run({"sh", "-c", "mkdir /cg/b && echo 50000 > /cg/b/cpu.max"});
    ASSERT_TRUE(lab::ok(limited));
    person.repairs(with("set_cpu_max", pid, "quota_us=20000"));
    EXPECT_EQ(ward.file("/cg/a/cpu.max"), "20000 100000\n");
    person.repairs("quarantine_cpu cpu=1");
    person.repairs("release_cpu cpu=1");
}

void refusals(Ward& ward, Person& person) {
    person.is_refused("signal 1 signal=KILL", "it is an init process");
    person.is_refused("signal 2 signal=KILL", "it is a thread of the kernel's own");
    person.is_refused("kill_family 1", "it is an init process");
    person.is_refused("freeze 2", "it is a thread of the kernel's own");
    person.is_refused("wake 2", "it is a thread of the kernel's own");
    person.is_refused("signal 999999 signal=TERM", "no such process");
    const pid_t pid = asleep(ward);
    person.is_refused(with("set_memory_max", pid, "bytes=104857600"), "it is in the root cgroup");
    person.is_refused(with("set_nice", pid, "nice=7"), "it has to be stopped first");
    person.is_refused(with("signal", pid, "signal=99"), "an argument is outside");
    person.is_refused(with("clear_need_resched", pid), "it is not in the state that this repairs");
    person.is_refused(
        fmt::format("unlock object={:#x} evidence0=1 evidence1=0", ward.process(pid).task),
        "it is not as the arguments say any more");
    EXPECT_EQ(ward.state(pid), 'S');
    // What is not said as it should be: one line, and what to do.
    EXPECT_THAT(person.act(with("signal", pid)),
                AllOf(StartsWith("[2]"), HasSubstr("it is not said: signal")));
    EXPECT_THAT(person.act(with("signal", pid, "signal=TERM volume=11")), StartsWith("[2]"));
    EXPECT_THAT(person.act("signal x signal=TERM"), StartsWith("[2]"));
    EXPECT_THAT(person.act("no_such_routine"), AllOf(StartsWith("[2]"), HasSubstr("act --list")));
    for (const char* part : {"deliver", "wake_cancel", "self_test_mark", "ps"}) {
        EXPECT_THAT(person.act(part), AllOf(StartsWith("[2]"), HasSubstr("no such routine")))
            << part;
    }
}

struct Act : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Act, ::testing::Values("6.1", "6.12"), [](const auto& kernel) {
    return std::string(kernel.param) == "6.1" ? "linux_6_1" : "linux_6_12";
});

TEST_P(Act, DoesWhatAPersonAsksFor) {
    Ward ward({.kernel = GetParam()});
    ASSERT_TRUE(ward.is_open());
    Person person(ward);
    signals(ward, person);
    settings(ward, person);
    cgroups(ward, person);
    refusals(ward, person);
    ward.expect_healthy();
}

TEST(ActList, ShowsRepairsAndNotTheirParts) {
    const std::string list = defib_says("act --list");
    for (const char* routine :
         {"signal: ", "unlock: ", "freeze: ", "wake: ", "set_memory_max: ", "undone by thaw"}) {
        EXPECT_THAT(list, HasSubstr(routine));
    }
    for (const char* part : {"deliver", "self_test", "wake_cancel"}) {
        EXPECT_THAT(list, Not(HasSubstr(part)));
    }
    const auto json =
        nlohmann::json::parse(defib_says("act --list --json").substr(4), nullptr, false);
    ASSERT_TRUE(json.is_array());
    for (const auto& one : json) {
        EXPECT_TRUE(one.contains("observed_by")) << one.dump();
        EXPECT_TRUE(one.contains("must_hold")) << one.dump();
        EXPECT_NE(one.contains("undone_by"), one.contains("not_undone")) << one.dump();
    }
}

}  // namespace
}  // namespace defib::repairs
