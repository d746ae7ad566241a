// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_LOCK_STATE_H
#define DEFIB_BOOT_COMMANDS_LOCK_STATE_H

#include <map>
#include <string>
#include <vector>

#include "boot/session/session.h"
#include "engine/routines/views/lock_records.h"

namespace defib::boot {

struct Locks {
    std::vector<DefibWaitRecord> waits;
    std::vector<DefibSpinRecord> cpus;
    std::map<uint32_t, DefibSpinFrameRecord> spinners;  // by CPU
    std::vector<std::vector<int32_t>> rings;
    std::string doubts;
};

Result<Locks> look_at_locks(Session& session);

}  // namespace defib::boot

#endif
