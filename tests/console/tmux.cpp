// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/console/tmux.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"

namespace defib::console {

Tmux::Tmux(const std::string& command, int columns, int rows) {
    static int count = 0;
    socket_ = "defib-test-" + std::to_string(getpid()) + "-" + std::to_string(count++);
    const auto started =
        tell({"-f", "/dev/null", "new-session", "-d", "-x", std::to_string(columns), "-y",
              std::to_string(rows), command + "; echo ended with $?; exec sleep 600"});
    EXPECT_TRUE(lab::ok(started));
    EXPECT_TRUE(lab::ok(tell({"set-option", "-g", "status", "off"})));
    EXPECT_TRUE(lab::ok(tell({"set-option", "-g", "escape-time", "0"})));
    // The line of status has taken a row until now.
    resize(columns, rows);
}

Tmux::~Tmux() {
    EXPECT_TRUE(lab::ok(tell({"kill-server"})));
}

Result<std::string> Tmux::tell(std::vector<std::string> words) const {
    std::vector<std::string> argv = {"tmux", "-L", socket_};
    argv.insert(argv.end(), words.begin(), words.end());
    return lab::run_host_program(argv);
}

void Tmux::press(const std::string& key) {
    EXPECT_TRUE(lab::ok(tell({"send-keys", key})));
}

void Tmux::type(const std::string& text) {
    EXPECT_TRUE(lab::ok(tell({"send-keys", "-l", text})));
}

void Tmux::resize(int columns, int rows) {
    EXPECT_TRUE(lab::ok(
        tell({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(rows)})));
}

std::string Tmux::screen() const {
    return tell({"capture-pane", "-p"}).value_or("");
}

bool Tmux::wait_for(const std::function<bool(const std::string&)>& holds,
                    std::chrono::milliseconds within) const {
    const auto end = std::chrono::steady_clock::now() + within;
    while (!holds(screen())) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return true;
}

bool Tmux::shows(const std::string& text, std::chrono::milliseconds within) const {
    return wait_for([&](const std::string& seen) { return seen.contains(text); }, within);
}

}  // namespace defib::console
