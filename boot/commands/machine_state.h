// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_MACHINE_STATE_H
#define DEFIB_BOOT_COMMANDS_MACHINE_STATE_H

#include <string>
#include <vector>

#include "boot/session/session.h"
#include "engine/routines/views/disk_records.h"
#include "engine/routines/views/stat_records.h"

namespace defib::boot {

struct MachineState {
    DefibMachineRecord machine{};
    std::vector<DefibCpuRecord> cpus;
    std::vector<DefibDiskRecord> disks;
    std::string doubts;
};

Result<MachineState> look_at_machine(Session& session);

}  // namespace defib::boot

#endif
