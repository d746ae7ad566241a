// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib remote dump --one-sided`: the whole memory as a stream, read where the transport reaches
// it. Nobody there takes part, so nobody chooses pages: all of them come over the network, and
// those that are zero are left out here.
#ifndef DEFIB_BOOT_COMMANDS_ONE_SIDED_DUMP_H
#define DEFIB_BOOT_COMMANDS_ONE_SIDED_DUMP_H

#include "boot/commands/dump.h"
#include "boot/remote/authentic.h"

namespace defib::boot {

Result<DumpTaken> take_one_sided_dump(const DumpArguments& arguments,
                                      const std::optional<remote::Key>& key,
                                      const DumpProgressShown& shown);

}  // namespace defib::boot

#endif
