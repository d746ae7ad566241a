// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/puppet.h"

#include <cpuid.h>
#include <elf.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "boot/salvage/xsave_parts_x86_64.h"

namespace defib::boot {
namespace {

constexpr std::array<uint8_t, 2> SYSTEM_CALL = {0x0f, 0x05};
constexpr uint64_t DATA_AT = PAGE_BYTES;  // behind the code
constexpr uint64_t ALIGNMENT = 64;
constexpr int SYSTEM_CALL_STOP = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD
constexpr size_t LEGACY = 464;                    // x87 and SSE
constexpr size_t FEATURES_USED_AT = 512;          // XSTATE_BV
constexpr size_t FEATURES_AT = 464;               // where the kernel tells of XCR0
constexpr size_t XSAVE_HEADER_END = 576;
constexpr size_t MOST_XSAVE = 1U << 16;
constexpr uint64_t MOST_ERROR = 4095;

void* pointer(uint64_t address) {
    return reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
}

uint64_t word_at(Bytes bytes, size_t at) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    return word;
}

// Each processor has its own places for what is behind x87 and SSE.
void take_parts(Bytes saved, uint64_t features, std::span<std::byte> to) {
    constexpr unsigned XSAVE_LEAF = 0xd;
    for (const XsavePart& part : XSAVE_PARTS) {
        if (part.at == 0 || (features >> part.feature & 1) == 0) continue;
        unsigned size = 0;
        unsigned at = 0;
        unsigned flags = 0;
        unsigned none = 0;
        __get_cpuid_count(XSAVE_LEAF, part.feature, &size, &at, &flags, &none);
        const bool fits =
            size == part.size && part.at + size <= saved.size() && uint64_t{at} + size <= to.size();
        if (fits)
            std::copy_n(saved.begin() + static_cast<ptrdiff_t>(part.at), size,
                        to.begin() + static_cast<ptrdiff_t>(at));
    }
}

// A process that shares nothing with this one but the files that are open; like fork(), without
// what the C library does besides, as its number may be asked for.
pid_t fork_with(std::optional<int> number) {
    clone_args how{};
    how.exit_signal = SIGCHLD;
    pid_t wanted = number.value_or(0);
    if (number) {
        how.set_tid = reinterpret_cast<uint64_t>(&wanted);
        how.set_tid_size = 1;
    }
    return static_cast<pid_t>(syscall(SYS_clone3, &how, sizeof how));
}

// In the child: its stage, and then its parent has the word.
[[noreturn]] void wait_on_stage(uint64_t stage, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // One that ended before that was said tells nobody.
    if (syscall(SYS_getppid) != parent) syscall(SYS_exit_group, 1);
    void* at = mmap(pointer(stage), STAGE_BYTES, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (at == pointer(stage)) {
        std::memcpy(at, SYSTEM_CALL.data(), SYSTEM_CALL.size());
        const bool is_set = mprotect(at, DATA_AT, PROT_READ | PROT_EXEC) == 0 &&
                            ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0;
        if (is_set) syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP);
    }
    syscall(SYS_exit_group, 1);
    __builtin_unreachable();
}

// A child's stop for that signal, and nothing else that may become of it.
bool waits_for_its_parent(pid_t thread, int for_signal) {
    int status = 0;
    while (waitpid(thread, &status, __WALL) < 0)
        if (errno != EINTR) return false;
    return WIFSTOPPED(status) && WSTOPSIG(status) == for_signal;
}

}  // namespace

std::unexpected<Error> Puppet::cannot(const char* what) const {
    return fail(DEFIB_ERROR_BOOT_NOT_DONE, fmt::format("process {}", pid()),
                fmt::format("{}: {}", what, std::strerror(errno)));
}

Result<Puppet> Puppet::make(std::optional<int> number, uint64_t stage) {
    // No signal shall come to it before it is the other one; its parent's masks stay as they are.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    const pid_t parent = getpid();
    pid_t child = fork_with(number);
    const bool has_number = number && child > 0;
    if (child < 0 && number) child = fork_with(std::nullopt);
    if (child == 0) wait_on_stage(stage, parent);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (child < 0) return fail(DEFIB_ERROR_BOOT_NOT_DONE, "a process", std::strerror(errno));
    Puppet puppet(child, stage, has_number);
    if (!waits_for_its_parent(child, SIGSTOP))
        return fail(DEFIB_ERROR_BOOT_NOT_DONE, "a process", "it may not be traced here");
    constexpr long HOW = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE;
    if (ptrace(PTRACE_SETOPTIONS, child, nullptr, HOW) != 0) return puppet.cannot("ptrace");
    return puppet;
}

Puppet::Puppet(Puppet&& other) noexcept
    : threads_(std::exchange(other.threads_, {})),
      born_(std::move(other.born_)),
      stage_(other.stage_),
      filled_(other.filled_),
      has_number_(other.has_number_) {}

Puppet::~Puppet() {
    if (threads_.empty()) return;
    kill(pid(), SIGKILL);
    // Each thread's end is told to who traces it, the first one's last.
    for (const pid_t thread : threads_) {
        if (thread == pid()) continue;
        while (waitpid(thread, nullptr, __WALL) < 0 && errno == EINTR) continue;
    }
    int status = 0;
    while (waitpid(pid(), &status, __WALL) >= 0)
        if (!WIFSTOPPED(status)) break;
}

Result<void> Puppet::run_to_the_end_of_a_call(pid_t thread) {
    for (int stops = 0; stops < 2;) {
        if (ptrace(PTRACE_SYSCALL, thread, nullptr, nullptr) != 0) return cannot("ptrace");
        int status = 0;
        while (waitpid(thread, &status, __WALL) < 0)
            if (errno != EINTR) return cannot("waitpid");
        if (!WIFSTOPPED(status)) {
            errno = ESRCH;
            return cannot("it ended before it was whole");
        }
        if (WSTOPSIG(status) == SYSTEM_CALL_STOP) stops++;
        if (status >> 8 != (SIGTRAP | (PTRACE_EVENT_CLONE << 8))) continue;
        unsigned long born = 0;
        if (ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &born) != 0) return cannot("ptrace");
        born_.push_back(static_cast<pid_t>(born));
    }
    return {};
}

Result<uint64_t> Puppet::call(pid_t thread, const char* what, long number,
                              std::initializer_list<uint64_t> arguments) {
    filled_ = 0;
    user_regs_struct registers{};
    if (ptrace(PTRACE_GETREGS, thread, nullptr, &registers) != 0) return cannot(what);
    unsigned long long* const places[] = {&registers.rdi, &registers.rsi, &registers.rdx,
                                          &registers.r10, &registers.r8,  &registers.r9};
    for (size_t i = 0; i < std::size(places); i++)
        *places[i] = i < arguments.size() ? arguments.begin()[i] : 0;
    registers.rip = stage_;
    registers.rsp = stage_ + STAGE_BYTES;
    registers.rax = static_cast<uint64_t>(number);
    // It is in no call that the kernel would have to begin again.
    registers.orig_rax = ~0ULL;
    if (auto set = set_registers(thread, registers); !set) return std::unexpected(set.error());
    if (auto run = run_to_the_end_of_a_call(thread); !run) return std::unexpected(run.error());
    if (ptrace(PTRACE_GETREGS, thread, nullptr, &registers) != 0) return cannot(what);
    if (registers.rax < -MOST_ERROR) return registers.rax;
    errno = static_cast<int>(-registers.rax);
    return cannot(what);
}

Result<uint64_t> Puppet::call(const char* what, long number,
                              std::initializer_list<uint64_t> arguments) {
    return call(pid(), what, number, arguments);
}

Result<pid_t> Puppet::add_thread(std::optional<int> number) {
    clone_args how{};
    how.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    if (number) {
        const auto wanted = put_value(static_cast<pid_t>(*number));
        if (!wanted) return std::unexpected(wanted.error());
        how.set_tid = *wanted;
        how.set_tid_size = 1;
    }
    const auto at = put_value(how);
    if (!at) return std::unexpected(at.error());
    const auto made = call("a thread", SYS_clone3, {*at, sizeof how});
    for (const pid_t thread : std::exchange(born_, {})) {
        threads_.push_back(thread);
        if (!waits_for_its_parent(thread, SIGSTOP)) return cannot("a thread");
    }
    if (!made) return std::unexpected(made.error());
    return threads_.back();
}

Result<uint64_t> Puppet::put(Bytes bytes) {
    const uint64_t room = STAGE_BYTES - DATA_AT;
    if (bytes.size() > room - std::min(filled_, room)) {
        errno = E2BIG;
        return cannot("an argument");
    }
    const uint64_t at = stage_ + DATA_AT + filled_;
    if (auto written = write(at, bytes); !written) return std::unexpected(written.error());
    filled_ += (bytes.size() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return at;
}

Result<uint64_t> Puppet::put_text(const std::string& text) {
    return put(std::as_bytes(std::span(text.c_str(), text.size() + 1)));
}

Result<void> Puppet::write(uint64_t address, Bytes bytes) {
    while (!bytes.empty()) {
        const iovec from{const_cast<std::byte*>(bytes.data()), bytes.size()};
        const iovec to{pointer(address), bytes.size()};
        const ssize_t done = process_vm_writev(pid(), &from, 1, &to, 1, 0);
        if (done <= 0) return cannot("its memory cannot be written");
        address += static_cast<uint64_t>(done);
        bytes = bytes.subspan(static_cast<size_t>(done));
    }
    return {};
}

Result<void> Puppet::read(uint64_t address, std::span<std::byte> bytes) {
    const iovec to{bytes.data(), bytes.size()};
    const iovec from{pointer(address), bytes.size()};
    const ssize_t done = process_vm_readv(pid(), &to, 1, &from, 1, 0);
    if (done != static_cast<ssize_t>(bytes.size())) return cannot("its memory cannot be read");
    return {};
}

Result<void> Puppet::set_registers(pid_t thread, const user_regs_struct& registers) {
    if (ptrace(PTRACE_SETREGS, thread, nullptr, &registers) != 0) return cannot("its registers");
    return {};
}

// The kernel takes no part of it but the whole, as long as this processor's is.
Result<void> Puppet::set_vectors(pid_t thread, Bytes saved) {
    if (saved.size() < XSAVE_HEADER_END) {
        iovec legacy{const_cast<std::byte*>(saved.data()), saved.size()};
        if (ptrace(PTRACE_SETREGSET, thread, NT_PRFPREG, &legacy) != 0)
            return cannot("its vector registers");
        return {};
    }
    std::vector<std::byte> all(MOST_XSAVE);
    iovec here{all.data(), all.size()};
    if (ptrace(PTRACE_GETREGSET, thread, NT_X86_XSTATE, &here) != 0)
        return cannot("its vector registers");
    all.resize(here.iov_len);
    // What the core does not tell of stays as a new process has it: rights of memory keys (PKRU).
    const uint64_t features = word_at(all, FEATURES_AT);
    const uint64_t told = word_at(saved, FEATURES_AT);
    const uint64_t used = (word_at(saved, FEATURES_USED_AT) & told & features) |
                          (word_at(all, FEATURES_USED_AT) & ~told);
    std::copy_n(saved.begin(), LEGACY, all.begin());
    take_parts(saved, told & features, all);
    std::memcpy(all.data() + FEATURES_AT, &features, sizeof features);
    std::memcpy(all.data() + FEATURES_USED_AT, &used, sizeof used);
    here = {all.data(), all.size()};
    if (ptrace(PTRACE_SETREGSET, thread, NT_X86_XSTATE, &here) != 0)
        return cannot("its vector registers");
    return {};
}

Result<void> Puppet::set_mask(pid_t thread, uint64_t mask) {
    if (ptrace(PTRACE_SETSIGMASK, thread, sizeof mask, &mask) != 0)
        return cannot("its mask of signals");
    return {};
}

Result<void> Puppet::forget_critical_sections() {
    constexpr auto ASK = static_cast<__ptrace_request>(PTRACE_GET_RSEQ_CONFIGURATION);
    constexpr uint64_t TAKE_BACK = 1;  // RSEQ_FLAG_UNREGISTER
    __ptrace_rseq_configuration now{};
    if (ptrace(ASK, pid(), sizeof now, &now) < 0 || now.rseq_abi_pointer == 0) return {};
    const auto done =
        call("rseq", SYS_rseq, {now.rseq_abi_pointer, now.rseq_abi_size, TAKE_BACK, now.signature});
    if (!done) return std::unexpected(done.error());
    return {};
}

Result<void> Puppet::let_go() {
    for (const pid_t thread : threads_)
        if (ptrace(PTRACE_DETACH, thread, nullptr, nullptr) != 0) return cannot("ptrace");
    threads_.clear();
    return {};
}

}  // namespace defib::boot
