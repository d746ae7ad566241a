// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Pictures of a session's target, one after the other, from the views that `defib ps`, `stat`,
// `log` and `locks` show.
#ifndef DEFIB_BOOT_CONSOLE_WATCHER_H
#define DEFIB_BOOT_CONSOLE_WATCHER_H

#include <cstdint>
#include <string>

#include "boot/console/picture.h"
#include "boot/console/rates.h"
#include "boot/session/session.h"

namespace defib::boot::console {

class Watcher {
  public:
    explicit Watcher(Session& session);

    // What cannot be looked at stays as it was, and the picture's troubles say why.
    void look(uint64_t now_ns);

    Picture& picture() { return picture_; }

  private:
    void look_at_machine();
    void look_at_tasks();
    void look_at_locks(uint64_t now_ns);
    void look_at_log(uint64_t now_ns);
    void count_pictures(uint64_t now_ns);
    void note(const Error& error);

    Session& session_;
    Picture picture_;
    Rates rates_;
    uint64_t log_ns_ = 0;  // when it was looked at
    uint64_t counted_from_ns_ = 0;
    unsigned counted_ = 0;
};

}  // namespace defib::boot::console

#endif
