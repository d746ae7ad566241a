// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What holds many at once: a cgroup frozen, a cgroup's CPU time limited, a CPU in quarantine. Each
// is the kernel's own state, so the kernel's own files tell of it, and the kernel takes it back as
// if it had done it itself.
#include <fmt/format.h>

#include <csignal>
#include <sstream>

#include "tests/repairs/ward.h"

namespace defib::repairs {
namespace {

struct Containment : ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Kernels, Containment, ::testing::Values("6.1", "6.12"),
                         [](const auto& kernel) {
                             return std::string(kernel.param) == "6.1" ? "linux_6_1" : "linux_6_12";
                         });

constexpr const char* BUSY = "while :; do :; done";
constexpr const char* FORKS = "while :; do sleep 0.01; done";

void sh(Ward& ward, const std::string& words) {
    const auto ran = ward.guest().run({"sh", "-c", words});
    ASSERT_TRUE(lab::ok(ran));
    EXPECT_EQ(ran->status, 0) << words << ": " << ran->err;
}

testing::AssertionResult comes(Ward& ward, const std::string& what,
                               const std::function<bool()>& is_so) {
    if (ward.guest().wait_for(what, is_so, lab::Guest::PATIENCE))
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << what << " does not come";
}

pid_t start_in(Ward& ward, const std::string& group, const std::string& words) {
    const pid_t pid = ward.start(
        {"sh", "-c", fmt::format("echo $$ > /cg/{}/cgroup.procs; echo in; {}", group, words)});
    EXPECT_TRUE(ward.says(pid, "in"));
    return pid;
}

// One word of a file of words and numbers, a pair a line.
uint64_t number_in(const std::string& text, const std::string& word) {
    std::istringstream lines(text);
    std::string name;
    for (uint64_t value = 0; lines >> name >> value;) {
        if (name == word) return value;
    }
    return ~uint64_t{0};
}

bool says_frozen(Ward& ward, const std::string& group, uint64_t wanted) {
    return number_in(ward.file("/cg/" + group + "/cgroup.events"), "frozen") == wanted;
}

void end(Ward& ward, const std::vector<pid_t>& pids) {
    for (const pid_t pid : pids) {
        EXPECT_TRUE(ward.signalled(pid, SIGKILL));
        EXPECT_TRUE(ward.ends_by(pid, SIGKILL));
    }
}

void makes_cgroups(Ward& ward) {
    sh(ward,
       "mkdir -p /cg && mount -t cgroup2 none /cg && mkdir -p /cg/a/below /cg/b && "
       "echo +cpu > /cg/cgroup.subtree_control");
}

void freezes_a_cgroup(Ward& ward) {
    SCOPED_TRACE("freeze a cgroup");
    const pid_t busy = start_in(ward, "a", BUSY);
    const pid_t forks = start_in(ward, "a", FORKS);
    const pid_t sleeps = start_in(ward, "a", "exec sleep 100000");
    const pid_t below = start_in(ward, "a/below", BUSY);
    const pid_t stopped = start_in(ward, "a", BUSY);
    EXPECT_TRUE(ward.signalled(stopped, SIGSTOP));
    const pid_t other = start_in(ward, "b", BUSY);
    const uint64_t group = ward.process(busy).cgroup;

    for (int round = 0; round < 3; round++) {
        SCOPED_TRACE(round);
        EXPECT_TRUE(ward.done("freeze_cgroup", ward.arguments(busy, {group})));
        EXPECT_EQ(ward.file("/cg/a/cgroup.freeze"), "1\n");
        EXPECT_TRUE(says_frozen(ward, "a", 1));
        EXPECT_TRUE(says_frozen(ward, "a/below", 1));
        const uint64_t runtime = ward.process(busy).runtime_ns + ward.process(below).runtime_ns;
        // Who comes in is held too.
        const pid_t late = ward.start({"sh", "-c", BUSY});
        sh(ward, fmt::format("echo {} > /cg/a/cgroup.procs", late));
        EXPECT_TRUE(ward.becomes(late, 'S'));
        EXPECT_TRUE(ward.runs(other));
        EXPECT_EQ(ward.process(busy).runtime_ns + ward.process(below).runtime_ns, runtime);
        // By defib or by whoever looks after the machine.
        if (round < 2)
            EXPECT_TRUE(ward.done("thaw_cgroup", ward.arguments(busy, {group})));
        else
            sh(ward, "echo 0 > /cg/a/cgroup.freeze");
        EXPECT_TRUE(comes(ward, "thawed", [&] { return says_frozen(ward, "a", 0); }));
        EXPECT_TRUE(says_frozen(ward, "a/below", 0));
        for (const pid_t pid : {busy, forks, below, late}) EXPECT_TRUE(ward.runs(pid));
        EXPECT_EQ(ward.state(stopped), 'T');
        end(ward, {late});
    }
    // What the kernel has frozen, and what stays frozen below what is thawed.
    sh(ward, "echo 1 > /cg/a/below/cgroup.freeze && echo 1 > /cg/a/cgroup.freeze");
    EXPECT_TRUE(comes(ward, "frozen", [&] { return says_frozen(ward, "a", 1); }));
    EXPECT_TRUE(ward.done("thaw_cgroup", ward.arguments(busy, {group})));
    EXPECT_TRUE(ward.runs(busy));
    EXPECT_TRUE(says_frozen(ward, "a/below", 1));
    EXPECT_TRUE(says_frozen(ward, "a", 0));
    sh(ward, "echo 0 > /cg/a/below/cgroup.freeze");
    end(ward, {busy, forks, sleeps, below, stopped, other});
    sh(ward, "rmdir /cg/a/below");
}

void does_not_freeze_init(Ward& ward) {
    SCOPED_TRACE("who is not frozen");
    const pid_t pid = start_in(ward, "b", "exec sleep 100000");
    const uint64_t group = ward.process(pid).cgroup;
    EXPECT_TRUE(ward.refused("freeze_cgroup", ward.arguments(pid, {ward.process(1).cgroup}),
                             DEFIB_REASON_ROOT_CGROUP));
    EXPECT_TRUE(ward.refused("freeze_cgroup", ward.arguments(ward.start({"sleep", "1"}), {group}),
                             DEFIB_REASON_CHANGED));
    sh(ward, "echo 1 > /cg/b/cgroup.procs");
    EXPECT_TRUE(ward.refused("freeze_cgroup", ward.arguments(pid, {group}), DEFIB_REASON_INIT));
    sh(ward, "echo 1 > /cg/cgroup.procs");
    end(ward, {pid});
}

void limits_cpu_time(Ward& ward) {
    SCOPED_TRACE("cpu.max");
    const std::vector<pid_t> busy = {start_in(ward, "a", BUSY), start_in(ward, "a", BUSY)};
    const uint64_t group = ward.process(busy[0]).cgroup;
    const auto limit = [&](uint64_t quota_us) {
        return ward.arguments(busy[0], {group, quota_us});
    };
    const auto throttled = [&] { return number_in(ward.file("/cg/a/cpu.stat"), "nr_throttled"); };
    EXPECT_TRUE(ward.refused("set_cpu_max", limit(20'000), DEFIB_REASON_KEY_OFF));
    sh(ward, "echo '50000 100000' > /cg/b/cpu.max");
    EXPECT_TRUE(ward.refused("set_cpu_max", limit(999), DEFIB_REASON_ARGUMENT));
    EXPECT_EQ(ward.file("/cg/a/cpu.max"), "max 100000\n");
    EXPECT_TRUE(ward.done("set_cpu_max", limit(20'000)));
    EXPECT_EQ(ward.file("/cg/a/cpu.max"), "20000 100000\n");
    EXPECT_TRUE(comes(ward, "a wait for time", [&] { return throttled() > 2; }));
    EXPECT_TRUE(ward.done("set_cpu_max", limit(0)));
    for (const pid_t pid : busy) EXPECT_TRUE(ward.runs(pid));
    // The other group's limit does not hang on this one's, nor the other way round.
    EXPECT_TRUE(ward.done("set_cpu_max", limit(20'000)));
    sh(ward, "echo max > /cg/b/cpu.max");
    const uint64_t before = throttled();
    EXPECT_TRUE(comes(ward, "a wait for time", [&] { return throttled() > before + 2; }));
    sh(ward, "echo max > /cg/a/cpu.max");
    for (const pid_t pid : busy) EXPECT_TRUE(ward.runs(pid));
    EXPECT_TRUE(ward.refused("set_cpu_max", limit(20'000), DEFIB_REASON_KEY_OFF));
    end(ward, busy);
}

constexpr uint64_t BAD_CPU = 1;

// A CPU's ticks in user mode, by the guest's count.
uint64_t user_ticks(Ward& ward, uint64_t cpu) {
    std::istringstream text(ward.file("/proc/stat"));
    std::string name;
    while (text >> name) {
        uint64_t ticks = 0;
        if (name == fmt::format("cpu{}", cpu) && text >> ticks) return ticks;
    }
    return ~uint64_t{0};
}

// Who may run on the CPUs of a mask alone.
std::string alone_on(Ward& ward, const std::string& mask) {
    const std::string words = fmt::format(
        "for f in $(grep -l '^Cpus_allowed:.{}$' /proc/[0-9]*/status); do head -n 1 $f; "
        "done",
        mask);
    const auto ran = ward.guest().run({"sh", "-c", words});
    return ran ? ran->out : to_line(ran.error());
}

void empties_a_cpu(Ward& ward) {
    SCOPED_TRACE("quarantine");
    std::vector<pid_t> crowd;
    for (int i = 0; i < 4; i++) crowd.push_back(ward.start({"sh", "-c", BUSY}));
    crowd.push_back(ward.start({"sh", "-c", FORKS}));
    crowd.push_back(ward.start({"sh", "-c", fmt::format("renice -n 5 -p $$; {}", BUSY)}));
    for (const pid_t pid : crowd) EXPECT_TRUE(ward.runs(pid));
    crowd.push_back(ward.start_victim("spin-rt 1"));
    const auto is_used = [&] {
        const uint64_t before = user_ticks(ward, BAD_CPU);
        return comes(ward, "work on the CPU", [&] { return user_ticks(ward, BAD_CPU) > before; });
    };
    EXPECT_TRUE(ward.refused("release_cpu", {BAD_CPU}, DEFIB_REASON_STATE));
    EXPECT_TRUE(ward.refused("quarantine_cpu", {64}, DEFIB_REASON_ARGUMENT));
    EXPECT_TRUE(ward.refused("quarantine_cpu", {3}, DEFIB_REASON_ARGUMENT));
    for (int round = 0; round < 2; round++) {
        SCOPED_TRACE(round);
        EXPECT_TRUE(is_used());
        EXPECT_TRUE(ward.done("quarantine_cpu", {BAD_CPU})) << alone_on(ward, "2");
        const uint64_t before = user_ticks(ward, BAD_CPU);
        const uint64_t others = user_ticks(ward, 0);
        EXPECT_TRUE(
            comes(ward, "work elsewhere", [&] { return user_ticks(ward, 0) > others + 100; }));
        // A tick that is under way may be counted yet.
        EXPECT_LE(user_ticks(ward, BAD_CPU), before + 1);
        const pid_t young = ward.start({"sh", "-c", BUSY});
        EXPECT_TRUE(ward.runs(young));
        const std::string status = ward.file(fmt::format("/proc/{}/status", young));
        EXPECT_NE(status.find("Cpus_allowed:\t7\n"), std::string::npos) << status;
        EXPECT_TRUE(ward.done("release_cpu", {BAD_CPU}));
        end(ward, {young});
    }
    EXPECT_TRUE(is_used());
    // Not the last one, and not where somebody has nowhere else to go.
    EXPECT_TRUE(ward.done("quarantine_cpu", {0}));
    EXPECT_TRUE(ward.done("quarantine_cpu", {2}));
    EXPECT_TRUE(ward.refused("quarantine_cpu", {BAD_CPU}, DEFIB_REASON_ARGUMENT));
    EXPECT_TRUE(ward.done("release_cpu", {2}));
    EXPECT_TRUE(ward.done("release_cpu", {0}));
    crowd.push_back(ward.start({"taskset", "2", "sleep", "100000"}));
    EXPECT_TRUE(ward.becomes(crowd.back(), 'S'));
    EXPECT_TRUE(ward.refused("quarantine_cpu", {BAD_CPU}, DEFIB_REASON_PINNED));
    end(ward, crowd);
    // The kernel finds its own state as it left it.
    sh(ward, "echo 0 > /sys/devices/system/cpu/cpu1/online");
    EXPECT_TRUE(ward.refused("quarantine_cpu", {BAD_CPU}, DEFIB_REASON_ARGUMENT));
    sh(ward, "echo 1 > /sys/devices/system/cpu/cpu1/online");
}

TEST_P(Containment, HoldsCgroupsAndLetsThemGo) {
    Ward ward({.kernel = GetParam()});
    ASSERT_TRUE(ward.is_open());
    makes_cgroups(ward);
    freezes_a_cgroup(ward);
    does_not_freeze_init(ward);
    limits_cpu_time(ward);
    ward.expect_healthy();
}

TEST_P(Containment, EmptiesACpuAndGivesItBack) {
    Ward ward({.kernel = GetParam(), .cpus = 3});
    ASSERT_TRUE(ward.is_open());
    empties_a_cpu(ward);
    ward.expect_healthy();
}

}  // namespace
}  // namespace defib::repairs
