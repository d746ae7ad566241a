// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "boot/restart/rebuild.h"

namespace defib::boot {
namespace {

constexpr uint64_t MASK_BYTES = 8;          // sizeof(sigset_t) of the kernel
constexpr uint64_t ROBUST_LIST_BYTES = 24;  // struct robust_list_head
constexpr int SIGNALS = 64;
constexpr uint64_t LENGTH_OF_SYSCALL = 2;      // of the instruction
constexpr uint32_t DISARMS_ITSELF = 1U << 31;  // SS_AUTODISARM
constexpr uint64_t NS_A_SECOND = 1000000000;
// include/linux/errno.h: what the kernel keeps to itself.
constexpr int64_t RESTART_SYSTEM = -512;
constexpr int64_t RESTART_NO_INTERRUPT = -513;
constexpr int64_t RESTART_NO_HANDLER = -514;
constexpr int64_t RESTART_WITH_BLOCK = -516;

Result<void> without_value(const Result<uint64_t>& result) {
    return result ? Result<void>() : std::unexpected(result.error());
}

struct KernelAction {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};

Result<void> set_action(Puppet& puppet, uint64_t number, const KernelAction& action) {
    const auto at = puppet.put_value(action);
    if (!at) return std::unexpected(at.error());
    return without_value(
        puppet.call("what it does about a signal", SYS_rt_sigaction, {number, *at, 0, MASK_BYTES}));
}

struct CriticalSection {
    uint32_t version;
    uint32_t flags;
    uint64_t start;
    uint64_t size;
    uint64_t abort;
};

template <class T>
bool read(const SavedProcess& process, uint64_t address, T& value) {
    const Bytes bytes = process.bytes_at(address);
    if (bytes.size() < sizeof value) return false;
    std::memcpy(&value, bytes.data(), sizeof value);
    return true;
}

// One that was interrupted is not gone on with, but begun again (rseq_ip_fixup()).
void leave_critical_section(const SavedProcess& process, const SavedThread& thread,
                            user_regs_struct& registers) {
    constexpr uint64_t SECTION_AT = 8;  // rseq.rseq_cs
    uint64_t at = 0;
    CriticalSection section{};
    if (thread.rseq == 0 || !read(process, thread.rseq + SECTION_AT, at) || at == 0) return;
    if (!read(process, at, section)) return;
    if (registers.rip - section.start < section.size) registers.rip = section.abort;
}

class Threads {
  public:
    Threads(const SavedProcess& process, Puppet& puppet) : process_(process), puppet_(puppet) {}

    Result<void> make();
    Result<void> set(const SavedThread& thread, pid_t here);
    Result<void> set_registers();
    Result<void> signal();

  private:
    Result<void> set_signal_stack(const SavedThread& thread, pid_t here);
    Result<void> set_duties(const SavedThread& thread, pid_t here);

    const SavedProcess& process_;
    Puppet& puppet_;
};

Result<void> Threads::make() {
    for (size_t i = 1; i < process_.threads.size(); i++) {
        const int number = process_.threads[i].tid;
        if (puppet_.has_number() && puppet_.add_thread(number)) continue;
        if (auto made = puppet_.add_thread(std::nullopt); !made)
            return std::unexpected(made.error());
    }
    return {};
}

Result<void> Threads::set_signal_stack(const SavedThread& thread, pid_t here) {
    stack_t stack{};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the puppet's
    stack.ss_sp = reinterpret_cast<void*>(thread.signal_stack);
    stack.ss_size = thread.signal_stack_size;
    stack.ss_flags = static_cast<int>(thread.signal_stack_flags & DISARMS_ITSELF);
    if (stack.ss_size == 0) stack.ss_flags = SS_DISABLE;
    const auto at = puppet_.put_value(stack);
    if (!at) return std::unexpected(at.error());
    return without_value(puppet_.call(here, "its signal stack", SYS_sigaltstack, {*at, 0}));
}

Result<void> Threads::set_duties(const SavedThread& thread, pid_t here) {
    if (thread.robust_list != 0) {
        const auto set = puppet_.call(here, "its list of locks", SYS_set_robust_list,
                                      {thread.robust_list, ROBUST_LIST_BYTES});
        if (!set) return std::unexpected(set.error());
    }
    const auto told =
        puppet_.call(here, "set_tid_address", SYS_set_tid_address, {thread.clear_tid});
    if (!told) return std::unexpected(told.error());
    if (thread.rseq == 0) return {};
    return without_value(puppet_.call(here, "rseq", SYS_rseq,
                                      {thread.rseq, thread.rseq_size, 0, thread.rseq_signature}));
}

Result<void> Threads::set(const SavedThread& thread, pid_t here) {
    const auto name = puppet_.put_text(thread.name);
    if (!name) return std::unexpected(name.error());
    if (auto set = puppet_.call(here, "its name", SYS_prctl, {PR_SET_NAME, *name, 0, 0, 0}); !set)
        return std::unexpected(set.error());
    if (auto done = set_signal_stack(thread, here); !done) return done;
    if (auto done = set_duties(thread, here); !done) return done;
    // What may not be is told before (findings).
    const sched_param priority{static_cast<int>(thread.realtime_priority)};
    (void)sched_setscheduler(here, static_cast<int>(thread.policy), &priority);
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(here), static_cast<int>(thread.nice));
    if (are_to_be_given(process_, own_rights()))
        if (auto done = rebuild_rights(process_, puppet_, here); !done) return done;
    if (thread.has_no_new_rights) {
        const auto done =
            puppet_.call(here, "its rights", SYS_prctl, {PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0});
        if (!done) return std::unexpected(done.error());
    }
    if (!thread.fpu.empty())
        if (auto done = puppet_.set_vectors(here, thread.fpu); !done) return done;
    return puppet_.set_mask(here, thread.blocked);
}

Result<void> Threads::set_registers() {
    for (size_t i = 0; i < process_.threads.size(); i++) {
        const GoesOn goes = goes_on(process_, process_.threads[i]);
        auto set = puppet_.set_registers(puppet_.threads()[i], goes.registers);
        if (!set) return set;
    }
    return {};
}

// Those that waited, without what was known of who sent them.
Result<void> Threads::signal() {
    const auto waits = [](uint64_t pending, int number) {
        return number != SIGKILL && number != SIGSTOP && (pending >> (number - 1) & 1) != 0;
    };
    for (int number = 1; number <= SIGNALS; number++) {
        if (waits(process_.pending, number)) kill(puppet_.pid(), number);
        for (size_t i = 0; i < process_.threads.size(); i++)
            if (waits(process_.threads[i].pending, number))
                syscall(SYS_tgkill, puppet_.pid(), puppet_.threads()[i], number);
    }
    return {};
}

Result<void> set_limits(const SavedProcess& process, pid_t pid) {
    for (size_t i = 0; i < SAVED_LIMITS; i++) {
        const auto which = static_cast<__rlimit_resource>(i);
        const auto& [soft, hard] = process.limits[i];
        const rlimit both{soft, hard};
        if (prlimit(pid, which, &both, nullptr) == 0) continue;
        // More than this machine, or who restarts it, may have: as much as there is.
        rlimit here{};
        if (prlimit(pid, which, nullptr, &here) != 0) continue;
        here.rlim_cur = std::min<rlim_t>(soft, here.rlim_max);
        (void)prlimit(pid, which, &here, nullptr);
    }
    return {};
}

}  // namespace

GoesOn goes_on(const SavedProcess& process, const SavedThread& thread) {
    GoesOn goes{thread.registers, {}, false};
    user_regs_struct& registers = goes.registers;
    leave_critical_section(process, thread, registers);
    const auto call = static_cast<int64_t>(registers.orig_rax);
    const auto result = static_cast<int64_t>(registers.rax);
    // The kernel is not to look at it once more.
    registers.orig_rax = ~0ULL;
    if (call < 0) return goes;
    const auto begin_again = [&] {
        registers.rax = static_cast<uint64_t>(call);
        registers.rip -= LENGTH_OF_SYSCALL;
    };
    switch (result) {
        case RESTART_SYSTEM:
        case RESTART_NO_INTERRUPT:
        case RESTART_NO_HANDLER:
            begin_again();
            break;
        case RESTART_WITH_BLOCK:
            registers.rax = static_cast<uint64_t>(-EINTR);
            goes.told = fmt::format(
                "thread {}: system call {} ends as if a signal had come (EINTR)", thread.tid, call);
            break;
        case -ENOSYS:
            if (process.stood_still()) break;
            begin_again();
            goes.is_doubtful = true;
            goes.told = fmt::format("thread {}: it was in system call {}, which is begun again",
                                    thread.tid, call);
            break;
        default:
            break;
    }
    return goes;
}

Result<void> rebuild_common(const SavedProcess& process, Puppet& puppet) {
    for (uint64_t number = 1; number <= SIGNALS; number++) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        if (auto set = set_action(puppet, number, {}); !set) return set;
    }
    for (const SavedSignal& one : process.signals) {
        const auto number = static_cast<uint64_t>(one.number);
        if (number == SIGKILL || number == SIGSTOP) continue;
        const KernelAction action{one.handler, one.flags, one.restorer, one.mask};
        if (auto set = set_action(puppet, number, action); !set) return set;
    }
    if (!process.has_real_timer || process.real_timer_interval_ns == 0) return {};
    const uint64_t ns = process.real_timer_interval_ns;
    const timeval interval{static_cast<time_t>(ns / NS_A_SECOND),
                           static_cast<suseconds_t>(ns % NS_A_SECOND / 1000)};
    const auto at = puppet.put_value(itimerval{interval, interval});
    if (!at) return std::unexpected(at.error());
    return without_value(puppet.call("its timer", SYS_setitimer, {ITIMER_REAL, *at, 0}));
}

Result<void> rebuild_threads(const SavedProcess& process, Puppet& puppet) {
    Threads threads(process, puppet);
    if (auto made = threads.make(); !made) return made;
    for (size_t i = 0; i < process.threads.size(); i++)
        if (auto set = threads.set(process.threads[i], puppet.threads()[i]); !set) return set;
    const SavedRange stage = puppet.stage();
    const auto alive = puppet.call("prctl", SYS_prctl, {PR_SET_PDEATHSIG, 0, 0, 0, 0});
    if (!alive) return std::unexpected(alive.error());
    const auto gone = puppet.call("munmap", SYS_munmap, {stage.first, stage.size()});
    if (!gone) return std::unexpected(gone.error());
    if (auto set = threads.set_registers(); !set) return set;
    if (auto limits = set_limits(process, puppet.pid()); !limits) return limits;
    return threads.signal();
}

}  // namespace defib::boot
