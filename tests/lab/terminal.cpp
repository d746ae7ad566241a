// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/terminal.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include "engine/base/command.h"
#include "tests/lab/machine.h"

namespace defib::lab {
namespace {

constexpr char LEAVE = 0x1d;  // Ctrl-]

sigset_t handled_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGWINCH, SIGTERM, SIGHUP, SIGINT}) ::sigaddset(&set, number);
    return set;
}

// A guard, so that no way out leaves a person's terminal raw.
class RawMode {
  public:
    RawMode() {
        termios settings{};
        if (::tcgetattr(STDIN_FILENO, &settings) != 0) return;
        before_ = settings;
        ::cfmakeraw(&settings);
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
    }
    RawMode(const RawMode&) = delete;
    RawMode& operator=(const RawMode&) = delete;
    ~RawMode() {
        if (before_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
    }

  private:
    std::optional<termios> before_;
};

void put(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

}  // namespace

Terminal::Terminal(Link& link, uint32_t process)
    : link_(link), process_(process), stop_(::eventfd(0, EFD_CLOEXEC)) {
    // Blocked in every thread (the link's blocks all), or one that does not look would get it.
    const sigset_t set = handled_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
    tell_size();
    thread_ = std::thread([this] { pass_on(); });
}

Terminal::~Terminal() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
    const sigset_t set = handled_signals();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Terminal::pass_on() {
    bool has_input = true;
    while (!leaving_) {
        pollfd fds[] = {{stop_.get(), POLLIN, 0},
                        {signals_.get(), POLLIN, 0},
                        {has_input ? STDIN_FILENO : -1, POLLIN, 0}};
        ::poll(fds, std::size(fds), -1);
        if (fds[0].revents != 0) return;
        if (fds[1].revents != 0) {
            signalfd_siginfo information{};
            if (::read(signals_.get(), &information, sizeof(information)) <= 0) return;
            if (information.ssi_signo == SIGWINCH) {
                tell_size();
            } else {
                leaving_ = true;
            }
        }
        if (fds[2].revents != 0) has_input = take_input();
    }
}

bool Terminal::take_input() {
    char buffer[4096];
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof(buffer));
    const std::string_view typed(buffer, n > 0 ? static_cast<size_t>(n) : 0);
    if (::isatty(STDIN_FILENO) != 0 && typed.contains(LEAVE)) leaving_ = true;
    link_.send(FrameKind::INPUT, 0, process_, typed);
    return !typed.empty();
}

void Terminal::tell_size() {
    winsize size{};
    if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return;
    const uint16_t words[] = {size.ws_row, size.ws_col};
    link_.send(FrameKind::RESIZE, 0, process_,
               std::string_view(reinterpret_cast<const char*>(words), sizeof(words)));
}

Result<int> Guest::interact(const Argv& argv) {
    const bool is_terminal = ::isatty(STDIN_FILENO) != 0;
    const uint16_t detail = is_terminal ? START_ON_TERMINAL : START_ON_PIPES;
    auto id = launch(argv, detail, Clock::now() + PATIENCE);
    if (!id) return std::unexpected(id.error());
    Link& link = *machine_->link;
    const RawMode raw;
    Terminal terminal(link, *id);
    size_t shown = console_size();
    const bool is_coloured = wants_colour(STDOUT_FILENO);
    std::optional<int> ended;
    while (!ended && !terminal.wants_to_leave()) {
        std::string output;
        std::string kernel;
        {
            const auto lock = link.lock();
            Process& process = link.process(*id);
            output = std::exchange(process.out, {}) + std::exchange(process.err, {});
            if (process.wait_status) ended = WEXITSTATUS(*process.wait_status);
            if (link.machine_ended()) ended = 0;
            // The link drops the oldest of a console that has grown very long.
            shown = std::min(shown, link.console().size());
            kernel = link.console().substr(shown);
            shown = link.console().size();
        }
        if (is_coloured && !kernel.empty()) kernel = fmt::format("\033[2m{}\033[22m", kernel);
        put(output + kernel);
        if (ended) break;
        link.wait_outside(Clock::now() + Milliseconds(200), [&] {
            const auto lock = link.lock();
            const Process& process = link.process(*id);
            return terminal.wants_to_leave() || link.machine_ended() || process.wait_status ||
                   !process.out.empty() || !process.err.empty() || link.console().size() != shown;
        });
    }
    if (!ended && is_terminal) put("\r\n");  // the prompt of the guest is no line of ours
    return ended.value_or(0);
}

}  // namespace defib::lab
