// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The repairs that are no signal, end to end: the guest's own files say that a limit is there, and
// its processes feel it.
#include <csignal>

#include "boot/find/kernel_memory.h"
#include "tests/faults/symptom.h"
#include "tests/repairs/ward.h"

namespace defib::repairs {
namespace {

struct Repairs : ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Kernels, Repairs, ::testing::Values("6.1", "6.12"),
                         [](const auto& kernel) {
                             return std::string(kernel.param) == "6.1" ? "linux_6_1" : "linux_6_12";
                         });

constexpr const char* BUSY = "while :; do :; done";

void freezes_and_thaws(Ward& ward) {
    SCOPED_TRACE("freeze and thaw");
    const pid_t busy = ward.start({"sh", "-c", BUSY});
    EXPECT_TRUE(ward.becomes(busy, 'R'));
    const pid_t threads = ward.start_victim("thread-bomb 4");
    const auto all = [&] { return ward.process(threads).threads == 5; };
    ASSERT_TRUE(lab::ok(ward.guest().wait_for("threads", all, lab::Guest::PATIENCE)));
    for (int round = 0; round < 2; round++) {
        for (const pid_t pid : {busy, threads}) {
            EXPECT_TRUE(ward.done("freeze", ward.arguments(pid)));
        }
        const uint64_t runtime = ward.process(busy).runtime_ns;
        EXPECT_TRUE(ward.becomes(busy, 'S'));
        EXPECT_EQ(ward.process(busy).runtime_ns, runtime);
        for (const pid_t pid : {busy, threads}) {
            EXPECT_TRUE(ward.done("thaw", ward.arguments(pid)));
        }
        EXPECT_TRUE(ward.runs(busy));
    }
    // KILL ends it there too.
    for (const pid_t pid : {busy, threads}) {
        EXPECT_TRUE(ward.done("freeze", ward.arguments(pid)));
        EXPECT_TRUE(ward.signalled(pid, SIGKILL));
        EXPECT_TRUE(ward.ends_by(pid, SIGKILL));
    }
}

void limits_a_process(Ward& ward) {
    SCOPED_TRACE("rlimit");
    constexpr uint64_t NOFILE = 7;
    const pid_t pid = ward.start({"sleep", "100000"});
    EXPECT_TRUE(ward.done("set_rlimit", ward.arguments(pid, {NOFILE, 99})));
    const std::string limits = ward.file("/proc/" + std::to_string(pid) + "/limits");
    const size_t line = limits.find("Max open files");
    ASSERT_NE(line, std::string::npos);
    EXPECT_EQ(std::stoi(limits.substr(line + 14)), 99);
    EXPECT_TRUE(ward.refused("set_rlimit", ward.arguments(pid, {NOFILE, ~uint64_t{0}}),
                             DEFIB_REASON_RAISES));
    EXPECT_TRUE(ward.refused("set_rlimit", ward.arguments(pid, {0, 1}), DEFIB_REASON_ARGUMENT));
    EXPECT_TRUE(ward.refused("set_rlimit", ward.arguments(pid, {1000, 1}), DEFIB_REASON_ARGUMENT));
    EXPECT_TRUE(ward.signalled(pid, SIGKILL));
}

void changes_settings(Ward& ward) {
    SCOPED_TRACE("settings");
    const std::pair<const char*, const char*> settings[] = {
        {"set_oom_kill_allocating_task", "/proc/sys/vm/oom_kill_allocating_task"},
        {"set_overcommit_memory", "/proc/sys/vm/overcommit_memory"},
        {"set_swappiness", "/proc/sys/vm/swappiness"},
    };
    for (const auto& [routine, path] : settings) {
        const uint64_t before = std::stoull(ward.file(path));
        EXPECT_TRUE(ward.done(routine, {1}));
        EXPECT_EQ(ward.file(path), "1\n");
        EXPECT_TRUE(ward.refused(routine, {1000}, DEFIB_REASON_ARGUMENT));
        EXPECT_TRUE(ward.done(routine, {before}));
    }
    // Fewer than there are, and nobody may fork; then again as before.
    const pid_t crowd = ward.start_victim("thread-bomb 100");
    const auto all = [&] { return ward.process(crowd).threads == 101; };
    ASSERT_TRUE(lab::ok(ward.guest().wait_for("threads", all, lab::Guest::PATIENCE)));
    const uint64_t before = std::stoull(ward.file("/proc/sys/kernel/threads-max"));
    EXPECT_TRUE(ward.refused("set_max_threads", {1}, DEFIB_REASON_ARGUMENT));
    EXPECT_TRUE(ward.done("set_max_threads", {64}));
    const auto forked = ward.guest().run({"sh", "-c", "sleep 0 & wait $!"});
    EXPECT_FALSE(forked && forked->status == 0);
    EXPECT_TRUE(ward.done("set_max_threads", {before}));
    EXPECT_EQ(std::stoull(ward.file("/proc/sys/kernel/threads-max")), before);
    EXPECT_TRUE(ward.signalled(crowd, SIGKILL));
}

void limits_a_cgroup(Ward& ward) {
    SCOPED_TRACE("cgroup");
    const auto made =
        ward.guest().run({"sh", "-c",
                          "mkdir -p /cg && mount -t cgroup2 none /cg && echo +memory +pids > "
                          "/cg/cgroup.subtree_control && mkdir /cg/a"});
    ASSERT_TRUE(lab::ok(made));
    ASSERT_EQ(made->status, 0) << made->err;
    const pid_t pid =
        ward.start({"sh", "-c", "echo $$ > /cg/a/cgroup.procs; echo in; exec sleep 100000"});
    ASSERT_TRUE(ward.says(pid, "in"));
    const uint64_t group = ward.process(pid).cgroup;
    EXPECT_TRUE(ward.done("set_memory_max", ward.arguments(pid, {group, uint64_t{100} << 20})));
    EXPECT_EQ(ward.file("/cg/a/memory.max"), "104857600\n");
    EXPECT_TRUE(ward.done("set_memory_high", ward.arguments(pid, {group, uint64_t{90} << 20})));
    EXPECT_EQ(ward.file("/cg/a/memory.high"), "94371840\n");
    EXPECT_TRUE(ward.done("set_pids_max", ward.arguments(pid, {group, 7})));
    EXPECT_EQ(ward.file("/cg/a/pids.max"), "7\n");
    EXPECT_TRUE(
        ward.refused("set_memory_max", ward.arguments(pid, {group, 1}), DEFIB_REASON_ARGUMENT));
    EXPECT_TRUE(ward.refused("set_memory_max", ward.arguments(pid, {group + 8, 1 << 30}),
                             DEFIB_REASON_CHANGED));
    const uint64_t root = ward.process(1).cgroup;
    const pid_t other = ward.start({"sleep", "100000"});
    EXPECT_TRUE(
        ward.refused("set_pids_max", ward.arguments(other, {root, 7}), DEFIB_REASON_ROOT_CGROUP));
    for (const pid_t one : {pid, other}) EXPECT_TRUE(ward.signalled(one, SIGKILL));
}

void moves_a_stopped_process(Ward& ward) {
    SCOPED_TRACE("nice and affinity");
    const pid_t pid = ward.start({"sh", "-c", BUSY});
    EXPECT_TRUE(ward.becomes(pid, 'R'));
    EXPECT_TRUE(ward.refused("set_nice", ward.arguments(pid, {10}), DEFIB_REASON_NOT_STOPPED));
    EXPECT_TRUE(ward.signalled(pid, SIGSTOP));
    // Off its queue, and its CPU has turned to another one (finish_task()).
    const auto is_off = [&] {
        const DefibProcessRecord now = ward.process(pid);
        return now.pid == pid && now.on_rq == 0 && now.on_cpu == 0;
    };
    ASSERT_TRUE(lab::ok(ward.guest().wait_for("off its queue", is_off, lab::Guest::PATIENCE)));
    EXPECT_TRUE(ward.done("set_nice", ward.arguments(pid, {10})));
    EXPECT_TRUE(ward.refused("set_nice", ward.arguments(pid, {20}), DEFIB_REASON_ARGUMENT));
    EXPECT_TRUE(ward.refused("set_affinity", ward.arguments(pid, {4}), DEFIB_REASON_ARGUMENT));
    const uint64_t cpu = 1 - ward.process(pid).cpu;
    EXPECT_TRUE(ward.done("set_affinity", ward.arguments(pid, {uint64_t{1} << cpu})));
    EXPECT_TRUE(ward.signalled(pid, SIGCONT));
    EXPECT_TRUE(ward.runs(pid));
    EXPECT_EQ(ward.process(pid).cpu, cpu);
    const auto nice =
        ward.guest().run({"sh", "-c", "cut -d' ' -f19 /proc/" + std::to_string(pid) + "/stat"});
    ASSERT_TRUE(lab::ok(nice));
    EXPECT_EQ(nice->out, "10\n");
    const auto allowed =
        ward.guest().run({"grep", "Cpus_allowed_list", "/proc/" + std::to_string(pid) + "/status"});
    ASSERT_TRUE(lab::ok(allowed));
    EXPECT_EQ(allowed->out, "Cpus_allowed_list:\t" + std::to_string(cpu) + "\n");
    EXPECT_TRUE(ward.signalled(pid, SIGKILL));
    EXPECT_TRUE(ward.ends_by(pid, SIGKILL));
}

void wakes_the_forgotten(Ward& ward) {
    SCOPED_TRACE("a lost wake-up");
    const auto injection = faults::inject(ward.guest(), "lost_wakeup");
    ASSERT_TRUE(lab::ok(injection));
    pid_t pid = -1;
    const auto is_there = [&] {
        const auto out =
            ward.guest().run({"sh", "-c", "grep -hE '^[0-9]+ \\(v-read\\) D' /proc/[0-9]*/stat"});
        pid = out && !out->out.empty() ? std::stoi(out->out) : -1;
        return pid > 0;
    };
    ASSERT_TRUE(lab::ok(ward.guest().wait_for("the sleeper", is_there, lab::Guest::PATIENCE)));
    // Its condition becomes true a little after it went to sleep; a wake-up before is borne.
    const pid_t program = injection->programs.front();
    const auto is_back = [&] {
        const auto known = ward.guest().state_of(program);
        if (known && known->out.contains("read a byte")) return true;
        EXPECT_TRUE(ward.done("wake", ward.arguments(pid)));
        return false;
    };
    EXPECT_TRUE(lab::ok(ward.guest().wait_for("the byte", is_back, lab::Guest::PATIENCE)));
    EXPECT_TRUE(lab::ok(faults::kill_programs(ward.guest(), *injection)));
}

void folds_what_was_apart(Ward& ward) {
    SCOPED_TRACE("need_resched");
    const auto injection = faults::inject(ward.guest(), "need_resched");
    ASSERT_TRUE(lab::ok(injection));
    // It reads, and the device drops its mapping: the munmap never ends. For an instant the two are
    // apart in a healthy machine too; here they stay so.
    // The guest is not asked for it: what it would start may land on the CPU that is stuck.
    const auto number = ward.session().manifest().number_of("clear_need_resched").value();
    std::vector<uint64_t> stuck;
    auto since = lab::Clock::now();
    const auto is_apart = [&] {
        const DefibProcessRecord one = ward.running("v-read-unmapped");
        stuck = {one.task, static_cast<uint64_t>(one.pid), one.start_ns, one.cpu};
        const bool is_so =
            one.pid > 0 && ward.session().observe(number, stuck) == DEFIB_EFFECT_NOT_YET;
        if (!is_so) since = lab::Clock::now();
        return lab::Clock::now() - since > std::chrono::seconds(1);
    };
    ASSERT_TRUE(lab::ok(ward.guest().wait_for("the loop", is_apart, lab::Guest::PATIENCE)));
    // A stale write of the flags may bring it back, which is why the policy looks again.
    const auto has_read = [&] {
        const auto known = ward.guest().state_of(injection->programs.front());
        if (known && known->out.contains("has read")) return true;
        if (is_apart()) EXPECT_TRUE(ward.done("clear_need_resched", stuck));
        return false;
    };
    EXPECT_TRUE(lab::ok(ward.guest().wait_for("it has read", has_read, lab::Guest::PATIENCE)));
    EXPECT_TRUE(lab::ok(faults::kill_programs(ward.guest(), *injection)));
}

// What an injected wake-up may do to the log's own: it is claimed, and on no list.
void requeues_what_was_thrown_off(Ward& ward) {
    SCOPED_TRACE("the log's work");
    constexpr uint64_t CPU = 1;
    EXPECT_TRUE(ward.refused("requeue_log_work", {CPU}, DEFIB_REASON_STATE));
    boot::Session& session = ward.session();
    boot::KernelMemory memory(session.kernel().window, session.kernel().map);
    const auto symbol = [&](const char* name) {
        return boot::address_of(session.kernel(), session.layout().symbols.at(name));
    };
    const auto offset_of = [&](const char* structure, const char* name) -> uint64_t {
        for (const auto& member : session.layout().structs.at(structure).members) {
            if (member.name == name) return member.offset;
        }
        return 0;
    };
    const auto base = memory.read<uint64_t>(symbol("__per_cpu_offset") + 8 * CPU);
    ASSERT_TRUE(base);
    const auto per_cpu =
        static_cast<uint64_t>(session.layout().symbols.at("wake_up_klogd_work").value);
    const Bytes place =
        memory.piece(*base + per_cpu + offset_of("__call_single_node", "u_flags"), 4);
    ASSERT_EQ(place.size(), 4U);
    auto* flags = const_cast<volatile uint32_t*>(reinterpret_cast<const uint32_t*>(place.data()));
    const uint32_t free = *flags;
    const uint32_t claimed = 3;  // IRQ_WORK_PENDING | IRQ_WORK_BUSY
    ASSERT_EQ(free & claimed, 0U);
    *flags = free | claimed;
    EXPECT_TRUE(ward.done("requeue_log_work", {CPU}));
    // Its CPU may be at it still: BUSY goes last (irq_work_single()).
    EXPECT_TRUE(lab::ok(ward.guest().wait_for(
        "the work's end", [&] { return *flags == free; }, lab::Guest::PATIENCE)));
    EXPECT_TRUE(ward.refused("requeue_log_work", {CPU}, DEFIB_REASON_STATE));
}

TEST_P(Repairs, DoWhatTheKernelWould) {
    Ward ward({.kernel = GetParam()});
    ASSERT_TRUE(ward.is_open());
    freezes_and_thaws(ward);
    limits_a_process(ward);
    changes_settings(ward);
    limits_a_cgroup(ward);
    moves_a_stopped_process(ward);
    wakes_the_forgotten(ward);
    requeues_what_was_thrown_off(ward);
    ward.expect_healthy();
    folds_what_was_apart(ward);
}

}  // namespace
}  // namespace defib::repairs
