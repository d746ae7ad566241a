// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What defib-boot says: one line for each event, to standard error, or to the system's journal in
// its own form with a number that finds the explanation (journalctl -x; defib.catalog).
//
// Nothing here allocates once it is open, and it keeps working in a sealed process.
#ifndef DEFIB_BOOT_APPLIANCE_EVENT_LOG_H
#define DEFIB_BOOT_APPLIANCE_EVENT_LOG_H

#include <cstdint>
#include <string_view>

#include "engine/base/unique_fd.h"

namespace defib::boot {

// Frozen: people's alerts hang on the ids.
// X(name, priority as in syslog(3), message id)
#define DEFIB_EVENTS(X)                                     \
    X(stage_done, 6, "85e3a89b015c479db9004cac9bc04101")    \
    X(stage_failed, 3, "8a4a53292f174902886e2acb6184e557")  \
    X(armed, 5, "55a91078c56844ec970dce67c238dfbf")         \
    X(engine_ended, 2, "fb7cd8042c89408a95545ed5fa705462")  \
    X(stopped, 5, "ab4e29ccf2ef4633ae4c7f2e52a33dab")       \
    X(journal_full, 4, "377e9f39d7ab4be4bee725dbbbd2de52")  \
    X(found, 4, "395ff637ecef410597f907793425f9cb")         \
    X(repaired, 5, "24de29666be44d2ea1fb235b10c432b2")      \
    X(over, 5, "669ab6482d2a4033926f61d2f7df9ed0")          \
    X(exhausted, 3, "d12e14d42fd24c0a9b6194509f963e59")     \
    X(metrics_ended, 4, "d3488c4ad01e4265be87d1542b266aa2") \
    X(answerer_ended, 4, "8be431e627884efaa769048e8f410495")

enum class Event : uint8_t {
#define DEFIB_EVENT_NAME(name, priority, id) name,
    DEFIB_EVENTS(DEFIB_EVENT_NAME)
#undef DEFIB_EVENT_NAME
};

class EventLog {
  public:
    // The system's journal where this process was started by it, else standard error.
    static EventLog open();

    // One line; what does not fit into one is cut.
    // `fault` is a field of its own, where the event is about one: journalctl
    // DEFIB_FAULT=memory_low.
    void say(Event event, std::string_view text, std::string_view fault = {}) const;

    int journald() const { return journald_.get(); }  // -1: there is none

  private:
    UniqueFd journald_;
};

}  // namespace defib::boot

#endif
