// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What goes into a dump beside the memory: the views' answers at its beginning, for whoever has no
// tool at hand to read the rest, and a page that a person reads first.
#ifndef DEFIB_BOOT_COMMANDS_DUMP_NOTES_H
#define DEFIB_BOOT_COMMANDS_DUMP_NOTES_H

#include "boot/salvage/elf_head.h"
#include "boot/session/session.h"

namespace defib::boot {

struct DumpNotes {
    std::vector<DumpNote> notes;
    std::string summary;
    std::vector<Error> missing;  // views that a sick kernel's data did not bear
};

DumpNotes take_notes(Session& session);

// Of a kernel's log, for the summary.
std::string last_lines(const std::string& log);

}  // namespace defib::boot

#endif
