// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A process that stands still while it is looked at: frozen by the engine's routine, and thawed
// again with the end of the object, whatever happens in between. Of this program nothing but a KILL
// ends it meanwhile: what else would is held back, and can be asked for. After a KILL its heir
// thaws (heir.h).
#ifndef DEFIB_BOOT_SESSION_HOLD_H
#define DEFIB_BOOT_SESSION_HOLD_H

#include <signal.h>

#include <array>
#include <chrono>
#include <optional>

#include "boot/session/heir.h"
#include "boot/session/session.h"
#include "engine/routines/views/records.h"

namespace defib::boot {

class Hold {
  public:
    // One that is frozen already stays so afterwards. A session that may only look holds nothing.
    // `thaw`: this program's arguments that thaw it.
    static Result<std::unique_ptr<Hold>> take(Session& session, const DefibProcessRecord& who,
                                              std::chrono::milliseconds within,
                                              const std::vector<std::string>& thaw);
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold();

    // It has been held all the time, and is.
    Result<void> check();
    // Lets it go, and says for how long it was held.
    Result<std::chrono::microseconds> release();
    // Whether this program was asked to end (INT, TERM, HUP).
    static bool is_asked_to_end();

    bool was_frozen_before() const { return was_frozen_before_; }
    std::chrono::microseconds until_it_stood() const { return until_it_stood_; }

  private:
    using Clock = std::chrono::steady_clock;

    Hold(Session& session, const DefibProcessRecord& who);
    Result<void> freeze(std::chrono::milliseconds within, const std::vector<std::string>& thaw);
    void wait_until_off_cpus(Clock::time_point deadline);

    Session& session_;
    std::array<uint64_t, 3> arguments_;
    int pid_;
    std::optional<Heir> heir_;
    sigset_t mask_{};
    Clock::time_point start_;
    std::chrono::microseconds until_it_stood_{};
    bool is_held_ = false;
    bool was_frozen_before_ = false;
};

}  // namespace defib::boot

#endif
