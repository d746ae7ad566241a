// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Views: look at many objects, each in a life of its own.
//
// A collector gathers addresses; the item routine then runs once for each. An object that is freed
// or changed while it is read ends one item, which is tried once more on fresh translations and a
// fresh picture, and then counted as torn: the list never ends early for it. On a GPU the items
// are spread over warps; they share nothing but the order of their records.
#ifndef DEFIB_ENGINE_RUNTIME_VIEW_H
#define DEFIB_ENGINE_RUNTIME_VIEW_H

#include "engine/abi/engine.h"

namespace defib::runtime {

void run_view(DefibEngine& engine, const DefibCommand& command, uint64_t now_ns,
              DefibAnswer& answer);

}  // namespace defib::runtime

#endif
