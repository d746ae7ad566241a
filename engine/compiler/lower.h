// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_COMPILER_LOWER_H
#define DEFIB_ENGINE_COMPILER_LOWER_H

#include "engine/compiler/declarations.h"
#include "engine/compiler/manifest.h"
#include "engine/compiler/refusal.h"
#include "engine/compiler/types.h"

namespace defib::compiler {

// Turns a checked entry into `u64 defib_routine_NAME(context, u64...)`, which calls the runtime for
// everything that it reads and stores. The old function is gone afterwards.
void lower_entry(Entry& entry, const Structures& structures, Manifest& manifest,
                 Refusals& refusals);

}  // namespace defib::compiler

#endif
