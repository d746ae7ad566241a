// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/link.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace defib::lab {
namespace {

constexpr std::chrono::milliseconds SAMPLE_PERIOD(5);
constexpr std::chrono::milliseconds RECHECK_PERIOD(10);

// A guest that prints without end must not fill the host: the end is what explains a hang.
constexpr size_t MOST_CONSOLE = size_t{4} << 20;
constexpr size_t MOST_OUTPUT = size_t{64} << 20;

void keep_end(std::string& text, size_t most) {
    if (text.size() > most) text.erase(0, text.size() - most / 2);
}

// All that is there now.
std::string drain(UniqueFd& socket) {
    char buffer[1 << 15];
    std::string text;
    ssize_t n = 0;
    while (text.size() < MOST_CONSOLE &&
           (n = ::recv(socket.get(), buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
        text.append(buffer, static_cast<size_t>(n));
    }
    // QEMU's end is closed: poll() must not report it for ever.
    if (n == 0) socket.reset();
    return text;
}

uint32_t number_in(std::string_view payload) {
    uint32_t number = 0;
    std::memcpy(&number, payload.data(), std::min(sizeof(number), payload.size()));
    return number;
}

}  // namespace

Link::Link(UniqueFd console, UniqueFd agent, int machine, std::unique_ptr<BeatMonitor> beats)
    : console_(std::move(console)),
      agent_(std::move(agent)),
      machine_(machine),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      beats_(std::move(beats)) {
    // No signal is this thread's business: one that the program waits for must find the program.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { loop(); });
    // So that who measures a process with a lab in it can tell what the lab costs.
    pthread_setname_np(thread_.native_handle(), LINK_THREAD);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Link::~Link() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    ::eventfd_write(wake_.get(), 1);
    thread_.join();
}

void Link::send(FrameKind kind, uint16_t detail, uint32_t id, std::string_view payload) {
    const FrameHeader header{static_cast<uint32_t>(payload.size()), static_cast<uint16_t>(kind),
                             detail, id};
    {
        const std::scoped_lock lock(mutex_);
        unsent_.append(reinterpret_cast<const char*>(&header), sizeof(header));
        unsent_ += payload;
    }
    ::eventfd_write(wake_.get(), 1);
}

uint32_t Link::new_id() {
    const std::scoped_lock lock(mutex_);
    return ++last_id_;
}

bool Link::wait(Clock::time_point deadline, const Condition& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, done);
}

bool Link::wait_outside(Clock::time_point deadline, const Condition& done) {
    for (;;) {
        uint64_t before = 0;
        {
            const std::scoped_lock lock(mutex_);
            before = changes_;
        }
        if (done()) return true;
        const auto now = Clock::now();
        if (now >= deadline) return false;
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, std::min(deadline, now + RECHECK_PERIOD),
                            [&] { return changes_ != before; });
    }
}

Process* Link::find_process(int32_t pid) {
    // The newest: pids come round again.
    for (auto at = processes_.rbegin(); at != processes_.rend(); ++at) {
        if (at->second.pid == pid) return &at->second;
    }
    return nullptr;
}

std::optional<uint32_t> Link::answer(uint32_t id) const {
    const auto at = answers_.find(id);
    if (at == answers_.end()) return std::nullopt;
    return at->second;
}

void Link::loop() {
    bool has_unsent = false;
    for (;;) {
        const int agent_events = has_unsent ? POLLIN | POLLOUT : POLLIN;
        pollfd fds[] = {{wake_.get(), POLLIN, 0},
                        {machine_ended_ ? -1 : machine_, POLLIN, 0},
                        {console_.get(), POLLIN, 0},
                        {agent_.get(), static_cast<short>(agent_events), 0}};
        ::poll(fds, std::size(fds), SAMPLE_PERIOD.count());
        eventfd_t ignored = 0;
        ::eventfd_read(wake_.get(), &ignored);
        const std::string printed = drain(console_);
        received_ += drain(agent_);
        const std::scoped_lock lock(mutex_);
        if (stopping_) return;
        transmit();
        has_unsent = !unsent_.empty();
        bool changed = !printed.empty();
        console_text_ += printed;
        keep_end(console_text_, MOST_CONSOLE);
        changed = take_frames() || changed;
        changed = beats_->sample(Clock::now()) || changed;
        if (fds[1].revents != 0) {
            machine_ended_ = true;
            changed = true;
        }
        if (changed) {
            ++changes_;
            changed_.notify_all();
        }
    }
}

void Link::transmit() {
    size_t sent = 0;
    while (sent < unsent_.size()) {
        const ssize_t n = ::send(agent_.get(), unsent_.data() + sent, unsent_.size() - sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0) break;
        sent += static_cast<size_t>(n);
    }
    unsent_.erase(0, sent);
}

bool Link::take_frames() {
    bool any = false;
    size_t at = 0;
    FrameHeader header{};
    while (received_.size() - at >= sizeof(header)) {
        std::memcpy(&header, received_.data() + at, sizeof(header));
        if (received_.size() - at - sizeof(header) < header.bytes) break;
        take(header, std::string_view(received_).substr(at + sizeof(header), header.bytes));
        at += sizeof(header) + header.bytes;
        any = true;
    }
    received_.erase(0, at);
    return any;
}

void Link::take(const FrameHeader& header, std::string_view payload) {
    const auto kind = static_cast<FrameKind>(header.kind);
    if (kind == FrameKind::HELLO) {
        release_ = payload;
        return;
    }
    if (kind == FrameKind::DONE) {
        answers_[header.id] = number_in(payload);
        return;
    }
    // Nobody waits any more for one that was forgotten.
    const auto at = processes_.find(header.id);
    if (at == processes_.end()) return;
    Process& process = at->second;
    switch (kind) {
        case FrameKind::STARTED:
            process.pid = static_cast<int32_t>(number_in(payload));
            break;
        case FrameKind::FAILED:
            process.failure = static_cast<int>(number_in(payload));
            break;
        case FrameKind::EXITED:
            process.wait_status = static_cast<int>(number_in(payload));
            break;
        case FrameKind::OUTPUT: {
            std::string& text = header.detail == 1 ? process.out : process.err;
            text += payload;
            keep_end(text, MOST_OUTPUT);
            break;
        }
        default:
            break;  // what only the lab says
    }
}

}  // namespace defib::lab
