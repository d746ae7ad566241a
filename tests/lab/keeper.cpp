// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

namespace defib::lab {
namespace {

namespace fs = std::filesystem;

constexpr const char* RAM_FOLDER = "/dev/shm";
constexpr std::string_view RAM_PREFIX = "defib-lab-";

// What the keeper tells first.
struct Birth {
    int failure;  // errno, 0 for success
    bool is_ram;  // which half failed
    pid_t qemu;
};

// From here to be_keeper(), all runs after fork() in a process that had threads: nothing may
// allocate, lock or throw.

struct Prepared {
    char* const* argv;
    const char* ram_file;
    off_t ram_bytes;
    int socket;
    int log;
    const int* inherited;
    size_t inherited_count;
};

// O_TMPFILE, so that the file is locked before it has a name and remove_orphans() can find it.
int create_ram(const Prepared& prepared) {
    const int fd = ::open(RAM_FOLDER, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || ::flock(fd, LOCK_EX) != 0) return errno;
    if (::ftruncate(fd, prepared.ram_bytes) != 0) return errno;
    char self[] = "/proc/self/fd/0000000000";
    char* digits = self + sizeof("/proc/self/fd/") - 1;
    for (int at = 9, rest = fd; at >= 0; --at, rest /= 10) {
        digits[at] = static_cast<char>('0' + rest % 10);
    }
    // Leading zeros are no name of /proc: skip to the first other digit.
    const char* significant = digits;
    while (*significant == '0' && significant[1] != '\0') ++significant;
    std::memmove(digits, significant, std::strlen(significant) + 1);
    return ::linkat(AT_FDCWD, self, AT_FDCWD, prepared.ram_file, AT_SYMLINK_FOLLOW) == 0 ? 0
                                                                                         : errno;
}

[[noreturn]] void be_qemu(const Prepared& prepared, int report, pid_t keeper) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != keeper) ::_exit(1);  // it died before the line above
    for (size_t i = 0; i < prepared.inherited_count; ++i) {
        ::dup2(prepared.inherited[i], FIRST_INHERITED_FD + static_cast<int>(i));
    }
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    ::execvp(prepared.argv[0], prepared.argv);
    const int failure = errno;
    // A pipe takes four bytes whole.
    if (::write(report, &failure, sizeof(failure)) < 0) ::_exit(2);
    ::_exit(1);
}

Birth give_birth(const Prepared& prepared) {
    if (const int failure = create_ram(prepared); failure != 0) return {failure, true, -1};
    int report[2];
    if (::pipe2(report, O_CLOEXEC) != 0) return {errno, false, -1};
    const pid_t self = ::getpid();
    const pid_t qemu = ::_Fork();
    if (qemu < 0) return {errno, false, -1};
    if (qemu == 0) be_qemu(prepared, report[1], self);
    ::close(report[1]);
    int failure = 0;
    // The end of the pipe is the success of exec.
    if (::read(report[0], &failure, sizeof(failure)) <= 0) failure = 0;
    ::close(report[0]);
    return {failure, false, qemu};
}

[[noreturn]] void be_keeper(const Prepared& prepared) {
    ::setsid();
    ::prctl(PR_SET_NAME, "defib-keeper");
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP}) {
        ::signal(number, SIG_IGN);
    }
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0) ::_exit(1);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(nothing, STDOUT_FILENO);
    ::dup2(prepared.log, STDERR_FILENO);
    // What else the lab has open, above all the other guests' sockets, must not live on in here.
    // `inherited` is sorted and lies above the socket.
    unsigned first = STDERR_FILENO + 1;
    const auto close_up_to = [&first](int kept) {
        const auto keep = static_cast<unsigned>(kept);
        if (keep > first) ::close_range(first, keep - 1, 0);
        first = keep + 1;
    };
    close_up_to(prepared.socket);
    for (size_t i = 0; i < prepared.inherited_count; ++i) close_up_to(prepared.inherited[i]);
    ::close_range(first, ~0U, 0);

    const Birth birth = give_birth(prepared);
    ::send(prepared.socket, &birth, sizeof(birth), MSG_NOSIGNAL);
    if (birth.qemu > 0) {
        for (size_t i = 0; i < prepared.inherited_count; ++i) ::close(prepared.inherited[i]);
        // By its number: glibc 2.36 declares pidfd_open() without C linkage.
        const auto qemu_end = static_cast<int>(::syscall(SYS_pidfd_open, birth.qemu, 0));
        pollfd fds[2] = {{prepared.socket, POLLIN, 0}, {qemu_end, POLLIN, 0}};
        while (::poll(fds, 2, -1) < 0 && errno == EINTR) {
        }
        ::kill(birth.qemu, SIGKILL);
        while (::waitpid(birth.qemu, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    if (!birth.is_ram) ::unlink(prepared.ram_file);
    ::_exit(0);
}

}  // namespace

Result<Keeper> Keeper::start(const KeeperPlan& plan) {
    remove_orphans();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return fail(DEFIB_ERROR_LAB_NO_MACHINE, "socketpair",
                    std::generic_category().message(errno));
    }
    Keeper keeper;
    keeper.socket_.reset(ends[0]);
    UniqueFd other(::fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_INHERITED_FD + 50));
    ::close(ends[1]);
    // Copies that lie above every number that QEMU will see them at, so that dup2() overwrites
    // none.
    std::vector<UniqueFd> copies;
    std::vector<int> numbers;
    for (const int fd : plan.inherited) {
        copies.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, other.get() + 1));
        numbers.push_back(copies.back().get());
    }
    std::vector<char*> argv;
    argv.reserve(plan.argv.size() + 1);
    for (const std::string& word : plan.argv) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const Prepared prepared{argv.data(),
                            plan.ram_file.c_str(),
                            static_cast<off_t>(plan.ram_bytes),
                            other.get(),
                            plan.log,
                            numbers.data(),
                            numbers.size()};
    keeper.pid_ = ::fork();
    if (keeper.pid_ == 0) be_keeper(prepared);
    if (keeper.pid_ < 0) {
        return fail(DEFIB_ERROR_LAB_NO_MACHINE, "fork", std::generic_category().message(errno));
    }
    // Or its death would not end the socket.
    other.reset();
    Birth birth{};
    if (::recv(ends[0], &birth, sizeof(birth), 0) != sizeof(birth)) {
        return fail(DEFIB_ERROR_LAB_NO_MACHINE, plan.argv[0], "the keeper died");
    }
    if (birth.failure != 0) {
        const std::string why = std::generic_category().message(birth.failure);
        if (birth.is_ram) return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, plan.ram_file.string(), why);
        return fail(DEFIB_ERROR_BASE_TOOL_MISSING, plan.argv[0], why,
                    "apt-get install qemu-system-x86");
    }
    keeper.qemu_ = birth.qemu;
    return keeper;
}

Keeper& Keeper::operator=(Keeper&& other) noexcept {
    if (this != &other) {
        end();
        socket_ = std::move(other.socket_);
        pid_ = std::exchange(other.pid_, -1);
        qemu_ = std::exchange(other.qemu_, -1);
    }
    return *this;
}

void Keeper::end() {
    if (pid_ < 0) return;
    socket_.reset();
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
}

fs::path new_ram_file_name() {
    static std::atomic<unsigned> count;
    return fs::path(RAM_FOLDER) / (std::string(RAM_PREFIX) + std::to_string(::getpid()) + "-" +
                                   std::to_string(++count) + ".ram");
}

void remove_orphans() {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(RAM_FOLDER, error)) {
        if (!entry.path().filename().string().starts_with(RAM_PREFIX)) continue;
        const UniqueFd fd(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC));
        if (fd.is_open() && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
            ::unlink(entry.path().c_str());
        }
    }
}

}  // namespace defib::lab
