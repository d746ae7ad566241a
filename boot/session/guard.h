// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Guarding a target until it is told to stop or the target is no more. The twin's loop is turned
// here, and sleeps until something is due, so that a healthy target costs what its detectors cost.
// A GPU's loop turns by itself: here its journal is told, and once a second it is looked at; one
// that has died is started again, a few times.
#ifndef DEFIB_BOOT_SESSION_GUARD_H
#define DEFIB_BOOT_SESSION_GUARD_H

#include <functional>
#include <memory>
#include <optional>

#include "boot/journal/reader.h"
#include "boot/session/session.h"
#include "boot/session/statistics.h"
#include "engine/abi/responder.h"

namespace defib::boot {

class Guard {
  public:
    // What the engine wrote into its journal, in order; `lost` entries before it were overwritten.
    using Tell = std::function<void(const DefibJournalEntry& entry, uint64_t lost)>;
    // Sleeps until that time of the monotonic clock, or less; true: stop.
    using Sleep = std::function<bool(uint64_t until_ns)>;

    // The policy is this session's: compiled against its manifest and binding.
    static Result<std::unique_ptr<Guard>> start(Session& session, const DefibPolicy& policy);

    // Until it is stopped, in order: what is in hand is finished or taken back. An error: the
    // target is gone, or another kernel runs in it.
    Result<void> run(const Tell& tell, const Sleep& sleep);

    // How long what took, as the engine said last before it was told to stop.
    const std::optional<EngineFigures>& figures() const { return figures_; }

    // What the numbers in the journal mean.
    const JournalNames& names() const { return names_; }
    uint64_t start_ns() const { return start_ns_; }

  private:
    explicit Guard(Session& session) : session_(session) {}
    void name_all();
    void find_start();
    void drain(const Tell& tell);
    Result<void> is_still_there() const;
    Result<void> start_again(const Error& why);
    Result<void> look_for_hook();

    Session& session_;
    std::unique_ptr<DefibResponder> responder_;
    JournalNames names_;
    uint64_t start_ns_ = 0;
    uint64_t told_ = 0;  // sequence of the last entry that was told
    std::optional<EngineFigures> figures_;
    bool is_another_kernel_ = false;
    unsigned restarts_ = 0;
    uint64_t hook_look_ns_ = 0;  // when the kernel module's ring is looked for next
};

}  // namespace defib::boot

#endif
