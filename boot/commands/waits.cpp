// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/waits.h"

#include <fmt/format.h>

#include <cstring>

namespace defib::boot {

Result<std::vector<DefibWaitRecord>> waits_of(Session& session, std::string_view collector,
                                              DefibAnswer& answer) {
    const auto seen = session.view("wait", collector);
    if (!seen) return std::unexpected(seen.error());
    answer = seen->answer;
    std::vector<DefibWaitRecord> waits;
    for (const SeenRecord& record : seen->records) {
        const auto wait = record.as<DefibWaitRecord>(DEFIB_RECORD_WAIT);
        if (wait) waits.push_back(*wait);
    }
    return waits;
}

std::string what_it_waits_for(const DefibWaitRecord& wait) {
    switch (wait.kind) {
        case DEFIB_LOCK_MUTEX:
            return "mutex";
        case DEFIB_LOCK_RWSEM_READ:
            return "rwsem, to read";
        case DEFIB_LOCK_RWSEM_WRITE:
            return "rwsem, to write";
        case DEFIB_LOCK_RT_MUTEX:
            return "rt_mutex";
        default:
            return wait.in_iowait != 0 ? "I/O" : "unknown";
    }
}

std::string who_holds_it(const DefibWaitRecord& wait) {
    if (wait.readers != 0 && wait.reader_pid != 0) {
        const size_t length = strnlen(wait.reader_comm, sizeof wait.reader_comm);
        return fmt::format("{} to read, lately {} {}", wait.readers, wait.reader_pid,
                           printable({wait.reader_comm, length}));
    }
    if (wait.readers != 0) return fmt::format("{} to read", wait.readers);
    if (wait.owner == 0) return {};
    const size_t length = strnlen(wait.owner_comm, sizeof wait.owner_comm);
    return fmt::format("{} {}", wait.owner_pid, printable({wait.owner_comm, length}));
}

}  // namespace defib::boot
