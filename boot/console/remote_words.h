// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A plan and what came of it, from a guard's answer, as a console shows them.
#ifndef DEFIB_BOOT_CONSOLE_REMOTE_WORDS_H
#define DEFIB_BOOT_CONSOLE_REMOTE_WORDS_H

#include "boot/binder/manifest.h"
#include "boot/commands/remote_told.h"
#include "boot/console/view.h"

namespace defib::boot::console {

Told told_of_plan(const ToldRepair& planned);
Told told_of_repair(const ToldRepair& done);

// What asks for just this: every argument by its value. Empty: it names none of our routines.
std::string words_of(const Manifest& manifest, const ToldRepair& planned);

}  // namespace defib::boot::console

#endif
