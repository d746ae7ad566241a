// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_DUMP_H
#define DEFIB_BOOT_COMMANDS_DUMP_H

#include <functional>
#include <string>

#include "boot/commands/dump_notes.h"
#include "boot/commands/look.h"
#include "boot/salvage/dump.h"
#include "engine/base/command.h"

namespace defib::boot {

// `defib dump`: a target's memory as an ELF core, and beside it what it says for people.
Action declare_dump(CLI::App& options);

struct DumpArguments : Elsewhere {
    LookArguments look;
    std::string output;
    uint32_t level = DUMP_WITHOUT_ZERO;
    bool resumes = false;
    bool is_one_sided = false;  // of a remote: nobody there is asked
};

struct DumpTaken {
    DumpNotes notes;
    DumpCount count;
};
using DumpProgressShown = std::function<void(uint64_t bytes, uint64_t of)>;

// -o, --level, --resume: of `defib remote dump` too.
void declare_dump_output(CLI::App& options, DumpArguments& arguments);
// Takes it, and says what came of it.
Result<int> take_dump(const DumpArguments& arguments);

}  // namespace defib::boot

#endif
