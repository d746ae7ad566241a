// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Words of the target, brought into the engine's own memory at once.
//
// On a GPU the lanes of a warp read neighbouring words in one go, which costs what one of them
// costs; the twin reads one after the other. Each word is one access.
#ifndef DEFIB_ENGINE_RUNTIME_GATHER_H
#define DEFIB_ENGINE_RUNTIME_GATHER_H

#include "engine/abi/context.h"

namespace defib::runtime {

// `from` is an address of the backend, all of it in the window or the engine's own; `to` lies in
// the engine's memory, never on the stack: the lanes of a warp have one each.
void gather(DefibContext& context, uint64_t* to, uint64_t from, uint32_t words);

// One line, which another execution of the same job may have brought already.
void gather_line(DefibContext& context, uint64_t* to, uint64_t from);

// Whether a second reading would bring the same.
bool is_gathered(DefibContext& context, const uint64_t* words, uint64_t from, uint32_t count);

}  // namespace defib::runtime

#endif
