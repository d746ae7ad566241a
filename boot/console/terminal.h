// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The terminal, by way of ncurses: it knows what each one can do, sends only what has changed, and
// is told of a new size. Nothing else of the console knows of it.
#ifndef DEFIB_BOOT_CONSOLE_TERMINAL_H
#define DEFIB_BOOT_CONSOLE_TERMINAL_H

#include <memory>
#include <optional>

#include "boot/console/grid.h"
#include "boot/console/view.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace defib::boot::console {

// Whether standard input and output are one that will do; asked before anything is begun.
Result<void> has_terminal();

class Terminal {
  public:
    // Takes it until the object's end, and SIGINT, SIGTERM and SIGHUP with it.
    static Result<std::unique_ptr<Terminal>> open();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal();

    int rows() const;
    int columns() const;
    // Of a serial line; what has no speed of its own is fast.
    bool is_slow() const;

    void show(const Grid& grid);

    enum class Event : uint8_t { nothing, key, resized, gone };
    // Waits for no longer than that. `gone`: hung up, or told to end.
    Event wait(int ms, Key& key);

  private:
    Terminal() = default;
    Result<void> take();
    void choose_colours();

    UniqueFd signals_;
    void* screen_ = nullptr;
};

}  // namespace defib::boot::console

#endif
