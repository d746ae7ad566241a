// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Ways out of a sealed process, tried from inside by code that may do what it likes. Each is first
// shown to work without the seal, since an attack that never works proves nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ostream>

#include "boot/seal/seal.h"

namespace defib::seal {
namespace {

constexpr size_t WINDOW_BYTES = 4096;
constexpr uint64_t SECRET = 0x5ec4e7;

// What the process under attack has.
struct Scene {
    void* window = nullptr;  // the target's memory
    int memory = -1;         // and the file that it is
    int journal = -1;
    int other_file = -1;  // was open before the seal
    pid_t self = -1;
    pid_t bystander = -1;  // a process of the same user
    int32_t word_of_bystander = 7;
};

enum class Role { supervisor, engine, gpu_host, server, answerer };

// What stops it, by how the process ends: an exit status, or -signal.
constexpr int EXIT_SUCCEEDED = 0;
constexpr int EXIT_FAILED = 1;
constexpr int EXIT_NOT_SEALED = 99;
constexpr int BY_FILTER = EXIT_TRAPPED;
constexpr int BY_FILTER_AT_ONCE = -SIGSYS;
constexpr int BY_PROCESSOR = -SIGSEGV;
constexpr int BY_KERNEL = EXIT_FAILED;  // the call is allowed, and has nothing to give

struct Attack {
    const char* name;
    Role role;
    bool (*succeeds)(const Scene&);
    int stopped = BY_FILTER;
};

bool reads_secret(const void* at) {
    return *static_cast<const volatile uint64_t*>(at) == SECRET;
}

bool opens_file(const Scene&) {
    return open("/proc/self/status", O_RDONLY) >= 0;
}
bool writes_other_file(const Scene& scene) {
    return write(scene.other_file, "x", 1) == 1;
}
bool reads_journal_file_anew(const Scene& scene) {
    char byte = 0;
    return pread(scene.journal, &byte, 1, 0) >= 0;
}
bool connects(const Scene&) {
    return socket(AF_INET, SOCK_DGRAM, 0) >= 0;
}
bool executes(const Scene&) {
    char name[] = "/bin/true";
    char* const arguments[] = {name, nullptr};
    char* const environment[] = {nullptr};
    execve(name, arguments, environment);  // /bin/true ends with 0: it has succeeded
    return false;
}
bool forks(const Scene&) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    return child > 0;
}
bool traces(const Scene& scene) {
    return ptrace(PTRACE_ATTACH, scene.bystander, nullptr, nullptr) == 0;
}
bool writes_other_process(const Scene& scene) {
    int32_t value = 1;
    const iovec here = {&value, sizeof value};
    const iovec there = {const_cast<int32_t*>(&scene.word_of_bystander), sizeof value};
    return process_vm_writev(scene.bystander, &here, 1, &there, 1, 0) == sizeof value;
}
bool signals_other_process(const Scene& scene) {
    return kill(scene.bystander, SIGTERM) == 0;
}
bool reads_window(const Scene& scene) {
    return reads_secret(scene.window);
}
bool uncovers_window(const Scene& scene) {
    return mprotect(scene.window, WINDOW_BYTES, PROT_READ) == 0 && reads_secret(scene.window);
}
bool maps_window_again(const Scene& scene) {
    void* again = mmap(nullptr, WINDOW_BYTES, PROT_READ, MAP_SHARED, scene.memory, 0);
    return again != MAP_FAILED && reads_secret(again);
}
bool reads_window_by_kernel(const Scene& scene) {
    uint64_t value = 0;
    const iovec here = {&value, sizeof value};
    const iovec there = {scene.window, sizeof value};
    return process_vm_readv(scene.self, &here, 1, &there, 1, 0) == sizeof value && value == SECRET;
}
bool writes_window_out(const Scene& scene) {
    // The journal is the one file that may be written: with what may be read.
    return write(scene.journal, scene.window, 8) == 8;
}
bool makes_code(const Scene&) {
    return mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED;
}
bool regains_capabilities(const Scene&) {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct all[2] = {};
    if (syscall(SYS_capget, &header, all) != 0) return false;
    return syscall(SYS_capset, &header, all) == 0 && all[0].effective != 0;
}
bool makes_itself_traceable(const Scene&) {
    return prctl(PR_SET_DUMPABLE, 1) == 0;
}
bool goes_around_by_ring(const Scene&) {
    io_uring_params parameters = {};
    return syscall(SYS_io_uring_setup, 1, &parameters) >= 0 || errno == EPERM;
}
// 32-bit calls have other numbers: 20 is getpid there, and writev in the 64-bit table.
bool calls_as_32_bit(const Scene& scene) {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result)::"memory");
    return result == scene.self;
}
bool calls_as_x32(const Scene&) {
    return syscall(0x40000000 + SYS_getpid) != 0 || errno == ENOSYS;
}
bool writes_at_all(const Scene& scene) {
    return write(scene.journal, "x", 1) == 1;
}
bool writes_other_file_under_other_number(const Scene& scene) {
    // A file's number in the low half of the register, something else above.
    return syscall(SYS_write, uint64_t{1} << 32 | static_cast<uint64_t>(scene.other_file), "x",
                   1UL) == 1;
}

constexpr Attack ATTACKS[] = {
    {"OpensAFile", Role::supervisor, opens_file},
    {"WritesAFileThatWasOpen", Role::supervisor, writes_other_file},
    {"WritesAFileUnderAnotherNumber", Role::supervisor, writes_other_file_under_other_number},
    {"ReadsTheJournal", Role::supervisor, reads_journal_file_anew},
    {"OpensASocket", Role::supervisor, connects},
    {"ExecutesAProgram", Role::supervisor, executes},
    {"MakesAProcess", Role::supervisor, forks},
    {"TracesAProcess", Role::supervisor, traces},
    {"WritesAProcess", Role::supervisor, writes_other_process},
    {"SignalsAProcess", Role::supervisor, signals_other_process},
    {"ReadsTheWindow", Role::supervisor, reads_window, BY_PROCESSOR},
    {"UncoversTheWindow", Role::supervisor, uncovers_window},
    {"MapsTheWindowAgain", Role::supervisor, maps_window_again},
    {"ReadsTheWindowThroughTheKernel", Role::supervisor, reads_window_by_kernel},
    {"WritesTheWindowOut", Role::supervisor, writes_window_out, BY_KERNEL},
    {"MakesCode", Role::supervisor, makes_code},
    {"RegainsCapabilities", Role::supervisor, regains_capabilities},
    {"MakesItselfTraceable", Role::supervisor, makes_itself_traceable},
    {"UsesARing", Role::supervisor, goes_around_by_ring},
    {"CallsAs32Bit", Role::supervisor, calls_as_32_bit, BY_FILTER_AT_ONCE},
    {"CallsAsX32", Role::supervisor, calls_as_x32, BY_FILTER_AT_ONCE},
    {"EngineWritesTheJournal", Role::engine, writes_at_all},
    {"EngineOpensAFile", Role::engine, opens_file},
    {"EngineSignalsAProcess", Role::engine, signals_other_process},
    {"EngineMapsTheWindowAgain", Role::engine, maps_window_again},
    {"GpuHostOpensAFile", Role::gpu_host, opens_file},
    {"GpuHostWritesAFileThatWasOpen", Role::gpu_host, writes_other_file},
    {"GpuHostMakesAProcess", Role::gpu_host, forks},
    {"GpuHostSignalsAProcess", Role::gpu_host, signals_other_process},
    {"GpuHostReadsTheWindow", Role::gpu_host, reads_window, BY_PROCESSOR},
    {"GpuHostUncoversTheWindow", Role::gpu_host, uncovers_window},
    {"GpuHostMapsTheWindowAgain", Role::gpu_host, maps_window_again},
    {"GpuHostRegainsCapabilities", Role::gpu_host, regains_capabilities},
    {"ServerOpensAFile", Role::server, opens_file},
    {"ServerWritesAFileThatWasOpen", Role::server, writes_other_file},
    {"ServerConnects", Role::server, connects},
    {"ServerExecutesAProgram", Role::server, executes},
    {"ServerMakesAProcess", Role::server, forks},
    {"ServerSignalsAProcess", Role::server, signals_other_process},
    {"ServerMapsTheWindowAgain", Role::server, maps_window_again},
    {"ServerMakesCode", Role::server, makes_code},
    {"AnswererOpensAFile", Role::answerer, opens_file},
    {"AnswererConnects", Role::answerer, connects},
    {"AnswererExecutesAProgram", Role::answerer, executes},
    {"AnswererMakesAProcess", Role::answerer, forks},
    {"AnswererReadsTheWindow", Role::answerer, reads_window, BY_PROCESSOR},
    {"AnswererUncoversTheWindow", Role::answerer, uncovers_window},
    {"AnswererMapsTheWindowAgain", Role::answerer, maps_window_again},
    {"AnswererMakesCode", Role::answerer, makes_code},
};

enum class Sealed { no, yes };

bool seal_as(Role role, Scene& scene) {
    const Bytes window(static_cast<const std::byte*>(scene.window), WINDOW_BYTES);
    const std::span<const Bytes> windows(&window, 1);
    if (role == Role::gpu_host) {
        const auto allowances = gpu_host_allowances(scene.self);
        return prepare(OomScore::kept) && hide(window) && close_doors(allowances);
    }
    if (role == Role::server || role == Role::answerer) {
        const Files files = {.log = STDERR_FILENO};
        const auto allowances =
            role == Role::server ? server_allowances(files) : answerer_allowances(files);
        return hide(window) && close_other_files(files, 8) && close_doors(allowances);
    }
    if (!prepare(OomScore::kept) || !lock_memory(windows)) return false;
    if (role == Role::engine) {
        const auto allowances = engine_allowances();
        return close_other_files({}) && close_doors(allowances);
    }
    const Files files = {.log = STDERR_FILENO, .journal = scene.journal};
    const auto allowances = supervisor_allowances(files);
    return hide(window) && close_other_files(files) && close_doors(allowances);
}

[[noreturn]] void play(const Attack& attack, Sealed sealed, pid_t bystander) {
    Scene scene;
    scene.self = getpid();
    scene.bystander = bystander;
    scene.memory = memfd_create("target", 0);
    scene.other_file = memfd_create("other", 0);
    scene.journal = memfd_create("journal", 0);
    if (ftruncate(scene.memory, WINDOW_BYTES) != 0) _exit(EXIT_NOT_SEALED);
    scene.window = mmap(nullptr, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, scene.memory, 0);
    std::memcpy(scene.window, &SECRET, sizeof SECRET);
    if (sealed == Sealed::yes && !seal_as(attack.role, scene)) _exit(EXIT_NOT_SEALED);
    _exit(attack.succeeds(scene) ? EXIT_SUCCEEDED : EXIT_FAILED);
}

// How the process ended that tried it: an exit status, or -signal.
int outcome_of(const Attack& attack, Sealed sealed) {
    const pid_t bystander = fork();
    if (bystander == 0) {
        for (;;) pause();
    }
    const pid_t attacker = fork();
    if (attacker == 0) play(attack, sealed, bystander);
    int status = 0;
    waitpid(attacker, &status, 0);
    kill(bystander, SIGKILL);
    waitpid(bystander, nullptr, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void PrintTo(const Attack& attack, std::ostream* out) {
    *out << attack.name;
}

class WayOut : public testing::TestWithParam<Attack> {};

TEST_P(WayOut, IsOpenWithoutTheSealAndClosedWithIt) {
    ASSERT_EQ(outcome_of(GetParam(), Sealed::no), EXIT_SUCCEEDED)
        << "the attack itself does not work here";
    EXPECT_EQ(outcome_of(GetParam(), Sealed::yes), GetParam().stopped);
}

INSTANTIATE_TEST_SUITE_P(Seal, WayOut, testing::ValuesIn(ATTACKS),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Seal, LeavesWhatTheSupervisorNeeds) {
    const pid_t child = fork();
    if (child == 0) {
        const int journal = memfd_create("journal", 0);
        const Files files = {.log = STDERR_FILENO, .journal = journal};
        const auto allowances = supervisor_allowances(files);
        if (!prepare(OomScore::kept) || !lock_memory({}) || !close_other_files(files) ||
            !close_doors(allowances)) {
            _exit(EXIT_NOT_SEALED);
        }
        const bool works = write(journal, "entry", 5) == 5 && fdatasync(journal) == 0;
        _exit(works ? EXIT_SUCCEEDED : EXIT_FAILED);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), EXIT_SUCCEEDED);
}

// Of a process without rights, by another one of the same user: what a debugger does first.
bool is_traced_by_its_user(Sealed sealed) {
    constexpr uid_t NOBODY = 65534;
    int ready[2] = {-1, -1};
    EXPECT_EQ(pipe(ready), 0);
    const pid_t victim = fork();
    if (victim == 0) {
        if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0) _exit(EXIT_NOT_SEALED);
        prctl(PR_SET_DUMPABLE, 1);
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // for the control: Yama may ask for it
        if (sealed == Sealed::yes && !prepare(OomScore::kept)) _exit(EXIT_NOT_SEALED);
        if (write(ready[1], "r", 1) != 1) _exit(EXIT_NOT_SEALED);
        for (;;) pause();
    }
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    const pid_t tracer = fork();
    if (tracer == 0) {
        if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0) _exit(EXIT_NOT_SEALED);
        const bool is_traced = ptrace(PTRACE_SEIZE, victim, nullptr, nullptr) == 0;
        char memory[64] = {};
        std::snprintf(memory, sizeof memory, "/proc/%d/mem", victim);
        _exit(is_traced || open(memory, O_RDONLY) >= 0 ? EXIT_SUCCEEDED : EXIT_FAILED);
    }
    int status = 0;
    waitpid(tracer, &status, 0);
    kill(victim, SIGKILL);
    waitpid(victim, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != EXIT_NOT_SEALED);
    return WEXITSTATUS(status) == EXIT_SUCCEEDED;
}

TEST(Seal, LetsNobodyTraceWhoIsNotRoot) {
    if (geteuid() != 0) GTEST_SKIP() << "another user is taken on by root alone";
    ASSERT_TRUE(is_traced_by_its_user(Sealed::no)) << "the attack itself does not work here";
    EXPECT_FALSE(is_traced_by_its_user(Sealed::yes));
}

// A dump would be a copy of the engine's memory on disk. (The out-of-memory score, which few may
// lower, is looked at in a guest: HostTarget.)
TEST(Seal, LeavesNoCoreDump) {
    const pid_t child = fork();
    if (child == 0) {
        const rlimit as_much_as_may_be = {RLIM_INFINITY, RLIM_INFINITY};
        setrlimit(RLIMIT_CORE, &as_much_as_may_be);
        if (!prepare(OomScore::kept)) _exit(EXIT_NOT_SEALED);
        rlimit core = {1, 1};
        getrlimit(RLIMIT_CORE, &core);
        const bool is_off = core.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0;
        _exit(is_off ? EXIT_SUCCEEDED : EXIT_FAILED);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCEEDED) << status;
}

// Whoever continues it: it stops again.
TEST(Seal, LeavesWhoHoldsAGpuTheOneThingThatItDoes) {
    const pid_t child = fork();
    if (child == 0) {
        const pid_t self = getpid();
        const auto allowances = gpu_host_allowances(self);
        if (!prepare(OomScore::kept) || !close_doors(allowances)) _exit(EXIT_NOT_SEALED);
        for (;;) kill(self, SIGSTOP);
    }
    for (int round = 0; round < 3; round++) {
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, WUNTRACED), child);
        ASSERT_TRUE(WIFSTOPPED(status)) << status;
        kill(child, SIGCONT);
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

TEST(Seal, EveryAllowanceHasAReason) {
    for (const auto& list : {engine_allowances(), gpu_host_allowances(1), server_allowances({}),
                             answerer_allowances({}), supervisor_allowances({1, 2, 3, 4, 5, 6})}) {
        for (const Allowance& one : list) EXPECT_GT(std::strlen(one.reason), 10U) << one.call;
    }
    // What is not open is not allowed under the number of "none".
    for (const Allowance& one : supervisor_allowances({})) {
        EXPECT_NE(one.first, UINT32_MAX) << one.reason;
    }
}

}  // namespace
}  // namespace defib::seal
