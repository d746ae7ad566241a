// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/machine_state.h"

#include <algorithm>

#include "boot/commands/shown.h"

namespace defib::boot {

Result<MachineState> look_at_machine(Session& session) {
    MachineState statistics;
    const auto machine = session.view("machine");
    if (!machine) return std::unexpected(machine.error());
    const std::string doubts = doubts_of(machine->answer);
    const auto record = machine->records.empty()
                            ? std::nullopt
                            : machine->records.front().as<DefibMachineRecord>(DEFIB_RECORD_MACHINE);
    if (!record || !doubts.empty()) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, session.target().name(), "no statistics", doubts);
    }
    statistics.machine = *record;
    const auto cpus = session.view("cpus");
    if (!cpus) return std::unexpected(cpus.error());
    statistics.doubts = doubts_of(cpus->answer);
    for (const SeenRecord& one : cpus->records) {
        if (const auto cpu = one.as<DefibCpuRecord>(DEFIB_RECORD_CPU)) {
            statistics.cpus.push_back(*cpu);
        }
    }
    // A kernel without disks, or one that keeps them another way, has the rest all the same.
    const auto disks = session.view("disk");
    if (!disks) return statistics;
    for (const SeenRecord& one : disks->records) {
        const auto disk = one.as<DefibDiskRecord>(DEFIB_RECORD_DISK);
        if (disk) statistics.disks.push_back(*disk);
    }
    std::ranges::sort(statistics.disks, {},
                      [](const auto& disk) { return std::pair(disk.major, disk.minor); });
    return statistics;
}

}  // namespace defib::boot
