// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/seal/seal.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

namespace defib::seal {
namespace {

std::unexpected<Error> cannot(std::string what, std::string advice = {}) {
    return fail(DEFIB_ERROR_APPLIANCE_SEAL, std::move(what), std::strerror(errno),
                std::move(advice));
}

Result<void> limit(int resource, rlim_t most, const char* name) {
    const rlimit wanted = {most, most};
    if (setrlimit(static_cast<__rlimit_resource>(resource), &wanted) != 0) return cannot(name);
    return {};
}

Result<void> lower_oom_score() {
    constexpr const char* PATH = "/proc/self/oom_score_adj";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(PATH, "r+e"),
                                                               std::fclose);
    if (!file) return cannot(PATH);
    int score = 0;
    if (std::fscanf(file.get(), "%d", &score) == 1 && score == -1000) return {};
    std::rewind(file.get());
    if (std::fprintf(file.get(), "-1000") < 0 || std::fflush(file.get()) != 0) {
        return cannot(PATH,
                      "start it with CAP_SYS_RESOURCE or OOMScoreAdjust=-1000, or say "
                      "--keep-oom-score");
    }
    return {};
}

// The number of the call, in decimal, without anything that allocates or locks.
void say_trapped(int call) {
    std::array<char, 64> text = {"defib-boot: sealed, and tried system call "};
    size_t length = std::strlen(text.data());
    std::array<char, 12> digits{};
    size_t count = 0;
    do {
        digits[count++] = static_cast<char>('0' + call % 10);
        call /= 10;
    } while (call > 0 && count < digits.size());
    while (count > 0) text[length++] = digits[--count];
    text[length++] = '\n';
    // The engine's process has no such file, and then nothing is said here: its supervisor does.
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), length);
}

// A write that is not allowed itself comes back here; it must not do so for ever.
volatile sig_atomic_t is_trapped = 0;

void on_trap(int /*signal*/, siginfo_t* info, void* /*context*/) {
    if (is_trapped == 0) {
        is_trapped = 1;
        say_trapped(info->si_syscall);
    }
    _exit(EXIT_TRAPPED);
}

Result<void> drop_capabilities() {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++) {
        // Whoever has no CAP_SETPCAP keeps the bounding set; with no new privileges it bounds
        // nothing that could be had.
        prctl(PR_CAPBSET_DROP, capability);
    }
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, 2> none = {};
    if (syscall(SYS_capset, &header, none.data()) != 0) return cannot("capabilities");
    return {};
}

struct MappedRange {
    uint64_t first = 0;
    uint64_t end = 0;
};

bool is_in(const MappedRange& range, std::span<const Bytes> window) {
    return std::ranges::any_of(window, [&](Bytes bytes) {
        const auto start = reinterpret_cast<uint64_t>(bytes.data());
        return range.first < start + bytes.size() && range.end > start;
    });
}

Result<void> protect(Bytes bytes, int rights) {
    if (mprotect(const_cast<std::byte*>(bytes.data()), bytes.size(), rights) == 0) return {};
    return cannot("the window");
}

// Deep enough for all that a sealed process calls.
[[gnu::noinline]] void touch_stack() {
    std::array<volatile char, size_t{96} << 10> room;
    for (size_t i = 0; i < room.size(); i += 4096) room[i] = 0;
}

}  // namespace

Result<void> prepare(OomScore score) {
    if (auto done = limit(RLIMIT_CORE, 0, "no core dumps"); !done) return done;
    // Before the process is no longer dumpable: then its files under /proc are root's.
    if (score == OomScore::lowest) {
        if (auto done = lower_oom_score(); !done) return done;
    }
    if (prctl(PR_SET_DUMPABLE, 0) != 0) return cannot("not dumpable");
    return {};
}

Result<void> lock_memory(std::span<const Bytes> window) {
    touch_stack();
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> maps(std::fopen("/proc/self/maps", "re"),
                                                               std::fclose);
    if (!maps) return cannot("/proc/self/maps");
    std::array<char, 4096 + 128> line{};
    while (std::fgets(line.data(), line.size(), maps.get()) != nullptr) {
        MappedRange range;
        std::array<char, 8> rights{};
        if (std::sscanf(line.data(), "%lx-%lx %7s", &range.first, &range.end, rights.data()) != 3) {
            continue;
        }
        const std::string_view text(line.data());
        // What the kernel maps for itself ([vsyscall], [vvar]) is never paged; what nobody may read
        // has no pages.
        if (rights[0] != 'r' || text.contains("[v") || is_in(range, window)) continue;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): an address out of a text
        if (mlock(reinterpret_cast<void*>(range.first), range.end - range.first) != 0) {
            return cannot("memory that stays in memory",
                          "start it with CAP_IPC_LOCK, or LimitMEMLOCK=infinity");
        }
    }
    return {};
}

Result<void> forbid_writing(Bytes bytes) {
    return protect(bytes, PROT_READ);
}

Result<void> hide(Bytes bytes) {
    return protect(bytes, PROT_NONE);
}

Result<void> close_other_files(const Files& files, size_t more) {
    std::array<int, 11> kept = {files.log,     files.events, files.journal, files.notify,
                                files.signals, files.engine, files.scraped, files.answerer,
                                files.teller,  files.memory, files.listener};
    std::ranges::sort(kept);
    unsigned int next = 0;
    for (const int fd : kept) {
        if (fd < 0) continue;
        const auto here = static_cast<unsigned int>(fd);
        if (here > next && close_range(next, here - 1, 0) != 0) return cannot("open files");
        next = here + 1;
    }
    if (close_range(next, ~0U, 0) != 0) return cannot("open files");
    // Numbers above the kept ones are refused, even where a call that opens were allowed by
    // mistake; ppoll() counts what it waits for against the same limit.
    return limit(RLIMIT_NOFILE, std::max<rlim_t>(next + more, 4), "no more files");
}

Result<void> close_doors(std::span<const Allowance> allowances) {
    struct sigaction action = {};
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    if (sigaction(SIGSYS, &action, nullptr) != 0) return cannot("handler of SIGSYS");
    if (auto done = limit(RLIMIT_NPROC, 0, "no more processes"); !done) return done;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return cannot("no new privileges");
    if (auto done = drop_capabilities(); !done) return done;
    auto filter = make_filter(allowances);
    const sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return cannot("system calls");
    return {};
}

}  // namespace defib::seal
