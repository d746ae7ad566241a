// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the console shows of a target at one moment: the records of the views, and what follows from
// two moments. Plain data: drawing needs nothing else.
#ifndef DEFIB_BOOT_CONSOLE_PICTURE_H
#define DEFIB_BOOT_CONSOLE_PICTURE_H

#include <string>
#include <vector>

#include "boot/commands/processes.h"
#include "engine/routines/views/lock_records.h"
#include "engine/routines/views/stat_records.h"

namespace defib::boot::console {

struct CpuRow {
    DefibCpuRecord record{};
    double user = 0;             // shares of the last second
    double system = 0;           // with interrupts
    bool is_silent = false;      // something runs there, and its time is not counted
    std::string spins_for = {};  // "0xffff...", where it is known to spin
};

struct TaskRow {
    Process process;
    double share = 0;  // of one CPU, in the last second
};

struct WaitRow {
    int32_t pid = 0;
    int32_t process = 0;  // that it is a thread of
    char state = '?';
    std::string name = {};
    std::string waits_for = {};  // "mutex"
    std::string holder = {};     // "4710 v-read"; empty: not known
    uint64_t lock = 0;
    double seconds = 0;  // it has not run for so long, or longer
    bool is_in_ring = false;
};

struct LogRow {
    uint64_t time_ns = 0;
    uint32_t level = 0;
    std::string text;
};

enum class Weight : uint8_t { detail, change, finding };
struct FindingRow {
    std::string text;
    Weight weight = Weight::detail;
};

enum class Life : uint8_t {
    live,
    still,  // its clock does not go on
    dump,
    lost,  // it is not there any more
};

struct Picture {
    std::string target;
    std::string release;
    Life life = Life::live;
    double still_seconds = 0;   // the kernel's clock has not moved for so long
    double hertz = 0;           // pictures, as they really come
    double silent_seconds = 0;  // so long ago it came, of a target that another machine tells of

    DefibMachineRecord machine{};
    std::vector<CpuRow> cpus;
    std::vector<TaskRow> tasks;
    std::vector<WaitRow> waits;
    std::vector<LogRow> log;            // the newest last
    std::vector<FindingRow> findings;   // likewise
    std::string findings_from;          // "detectors", or the journal's name
    std::vector<std::string> troubles;  // what could not be looked at, and why
};

}  // namespace defib::boot::console

#endif
