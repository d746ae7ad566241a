// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The agent proper: one thread, one poll loop over the port and the processes' pipes.
//
// It must answer while the guest is in trouble, so its memory is locked, the OOM killer spares it
// and its thread runs at a realtime priority; what it starts gets none of that. It never does
// anything itself that may block: that is a process's business.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/lab/agent/agent.h"
#include "tests/lab/agent/child.h"
#include "tests/lab/protocol.h"

namespace defib::lab::agent {
namespace {

// Beyond these the sender has to wait: nothing here may grow without bound.
constexpr size_t MOST_UNSENT = size_t{1} << 20;
constexpr size_t MOST_UNFED = size_t{8} << 20;

UniqueFd open_port() {
    constexpr const char* PORTS = "/sys/class/virtio-ports";
    DIR* folder = ::opendir(PORTS);
    if (!folder) return UniqueFd();
    std::string device;
    while (const dirent* entry = ::readdir(folder)) {
        const std::string path = std::string(PORTS) + "/" + entry->d_name + "/name";
        char name[32] = {};
        const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!file.is_open() || ::read(file.get(), name, sizeof(name) - 1) <= 0) continue;
        if (std::string_view(name).starts_with(PORT_NAME)) device = entry->d_name;
    }
    ::closedir(folder);
    if (device.empty()) return UniqueFd();
    return UniqueFd(::open(("/dev/" + device).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
}

class Server {
  public:
    explicit Server(UniqueFd port, UniqueFd signals)
        : port_(std::move(port)), signals_(std::move(signals)) {}

    [[noreturn]] void loop() {
        utsname name{};
        ::uname(&name);
        send(FrameKind::HELLO, 0, 0, name.release);
        for (;;) {
            wait();
            receive();
            reap();
            for (const auto& child : children_) {
                feed(*child);
                if (unsent_.size() < MOST_UNSENT) relay(*child);
            }
            flush();
        }
    }

  private:
    void wait() {
        std::vector<pollfd> fds;
        const bool may_send = unsent_.size() < MOST_UNSENT;
        const bool may_feed = std::ranges::none_of(
            children_, [](const auto& child) { return child->pending.size() > MOST_UNFED; });
        const int receive = may_feed ? POLLIN : 0;
        const int transmit = unsent_.empty() ? 0 : POLLOUT;
        fds.push_back({port_.get(), static_cast<short>(receive | transmit), 0});
        fds.push_back({signals_.get(), POLLIN, 0});
        for (const auto& child : children_) {
            if (!child->pending.empty()) fds.push_back({child->input.get(), POLLOUT, 0});
            if (!may_send) continue;
            fds.push_back({child->output.get(), POLLIN, 0});
            fds.push_back({child->error.get(), POLLIN, 0});
        }
        ::poll(fds.data(), fds.size(), -1);
    }

    void receive() {
        static char buffer[1 << 15];
        for (ssize_t n = 0; (n = ::read(port_.get(), buffer, sizeof(buffer))) > 0;) {
            received_.append(buffer, static_cast<size_t>(n));
            if (received_.size() > FRAME_LIMIT) break;
        }
        size_t at = 0;
        FrameHeader header{};
        while (received_.size() - at >= sizeof(header)) {
            std::memcpy(&header, received_.data() + at, sizeof(header));
            if (received_.size() - at < sizeof(header) + header.bytes) break;
            obey(header, std::string_view(received_).substr(at + sizeof(header), header.bytes));
            at += sizeof(header) + header.bytes;
        }
        received_.erase(0, at);
    }

    void obey(const FrameHeader& header, std::string_view payload) {
        switch (static_cast<FrameKind>(header.kind)) {
            case FrameKind::START:
                return start(header, payload);
            case FrameKind::INPUT:
                if (Child* child = find(header.id)) {
                    child->pending += payload;
                    if (payload.empty()) child->input_ended = true;
                    feed(*child);
                }
                return;
            case FrameKind::SIGNAL: {
                int32_t words[2] = {};
                std::memcpy(words, payload.data(), std::min(sizeof(words), payload.size()));
                const int failure = ::kill(words[0], words[1]) == 0 ? 0 : errno;
                return send_number(FrameKind::DONE, header.id, static_cast<uint32_t>(failure));
            }
            case FrameKind::RESIZE:
                if (const Child* child = find(header.id)) {
                    uint16_t words[2] = {};
                    std::memcpy(words, payload.data(), std::min(sizeof(words), payload.size()));
                    resize_terminal(*child, words[0], words[1]);
                }
                return;
            default:
                return;  // what only the agent says
        }
    }

    void start(const FrameHeader& header, std::string_view arguments) {
        auto child = std::make_unique<Child>();
        child->id = header.id;
        const int failure = header.detail == START_ON_TERMINAL
                                ? start_on_terminal(arguments, *child)
                                : start_on_pipes(arguments, *child);
        if (failure != 0) {
            send_number(FrameKind::FAILED, header.id, static_cast<uint32_t>(failure));
            return;
        }
        send_number(FrameKind::STARTED, header.id, static_cast<uint32_t>(child->pid));
        children_.push_back(std::move(child));
    }

    void reap() {
        signalfd_siginfo information;
        while (::read(signals_.get(), &information, sizeof(information)) > 0) {
        }
        for (;;) {
            int status = 0;
            const pid_t pid = ::waitpid(-1, &status, WNOHANG);
            if (pid <= 0) return;
            const auto at =
                std::ranges::find(children_, pid, [](auto& child) { return child->pid; });
            if (at == children_.end()) continue;
            // What it wrote is in the pipes already; whoever inherited them is not waited for.
            relay(**at);
            send_number(FrameKind::EXITED, (*at)->id, static_cast<uint32_t>(status));
            children_.erase(at);
        }
    }

    void relay(Child& child) {
        relay(child, child.output, 1);
        relay(child, child.error, 2);
    }

    void relay(const Child& child, UniqueFd& from, uint16_t stream) {
        static char buffer[1 << 15];
        // Enough to empty a pipe, and an end with a process that never stops writing.
        for (int turn = 0; from.is_open() && turn < 16; ++turn) {
            const ssize_t n = ::read(from.get(), buffer, sizeof(buffer));
            if (n < 0 && errno == EAGAIN) return;
            if (n <= 0) return from.reset();
            send(FrameKind::OUTPUT, stream, child.id,
                 std::string_view(buffer, static_cast<size_t>(n)));
        }
    }

    Child* find(uint32_t id) {
        const auto at = std::ranges::find(children_, id, [](auto& child) { return child->id; });
        return at == children_.end() ? nullptr : at->get();
    }

    void send_number(FrameKind kind, uint32_t id, uint32_t number) {
        char bytes[sizeof(number)];
        std::memcpy(bytes, &number, sizeof(number));
        send(kind, 0, id, std::string_view(bytes, sizeof(bytes)));
    }

    void send(FrameKind kind, uint16_t detail, uint32_t id, std::string_view payload) {
        const FrameHeader header{static_cast<uint32_t>(payload.size()), static_cast<uint16_t>(kind),
                                 detail, id};
        unsent_.append(reinterpret_cast<const char*>(&header), sizeof(header));
        unsent_ += payload;
    }

    void flush() {
        while (!unsent_.empty()) {
            const ssize_t n = ::write(port_.get(), unsent_.data(), unsent_.size());
            if (n <= 0) return;
            unsent_.erase(0, static_cast<size_t>(n));
        }
    }

    UniqueFd port_;
    UniqueFd signals_;
    std::string received_;
    std::string unsent_;
    std::vector<std::unique_ptr<Child>> children_;
};

void become_robust() {
    const UniqueFd file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    if (::write(file.get(), "-1000", 5) != 5) std::perror("agent: oom_score_adj");
    if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0) std::perror("agent: mlockall");
    // Below the realtime beat, so that serving never delays it.
    constexpr int PRIORITY = 80;
    sched_param parameter{};
    parameter.sched_priority = PRIORITY;
    if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameter) != 0) {
        std::perror("agent: realtime priority");
    }
}

}  // namespace

int serve() {
    UniqueFd port = open_port();
    if (!port.is_open()) {
        std::fprintf(stderr, "agent: no virtio port named %s\n", PORT_NAME);
        return 1;
    }
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    UniqueFd ended(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
    ::signal(SIGPIPE, SIG_IGN);
    if (!start_beating()) std::fprintf(stderr, "agent: no page to beat into\n");
    become_robust();
    Server(std::move(port), std::move(ended)).loop();
}

}  // namespace defib::lab::agent
