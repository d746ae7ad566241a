// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A program on a terminal that a test can type on and read, by way of a tmux of its own.
#ifndef DEFIB_TESTS_CONSOLE_TMUX_H
#define DEFIB_TESTS_CONSOLE_TMUX_H

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace defib::console {

class Tmux {
  public:
    // One line for the shell; the terminal stays when it has ended, and says so.
    Tmux(const std::string& command, int columns, int rows);
    Tmux(const Tmux&) = delete;
    Tmux& operator=(const Tmux&) = delete;
    ~Tmux();

    // As tmux calls keys: "q", "Enter", "Escape", "Down".
    void press(const std::string& key);
    void type(const std::string& text);
    void resize(int columns, int rows);

    std::string screen() const;
    bool wait_for(const std::function<bool(const std::string&)>& holds,
                  std::chrono::milliseconds within) const;
    bool shows(const std::string& text, std::chrono::milliseconds within) const;

  private:
    Result<std::string> tell(std::vector<std::string> words) const;

    std::string socket_;
};

}  // namespace defib::console

#endif
