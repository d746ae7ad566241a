// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib dump --to`: the memory of a target that another machine guards, in requests for a block of
// pages each; the guard leaves out what the level leaves out, so that it does not travel.
#ifndef DEFIB_BOOT_COMMANDS_REMOTE_DUMP_H
#define DEFIB_BOOT_COMMANDS_REMOTE_DUMP_H

#include "boot/commands/dump.h"

namespace defib::boot {

Result<DumpTaken> take_remote_dump(const DumpArguments& arguments, const DumpProgressShown& shown);

}  // namespace defib::boot

#endif
