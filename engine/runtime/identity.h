// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether the kernel is still the one that was proved at the start. A machine may reboot under the
// engine: its memory then holds firmware, a boot loader, another kernel or the same one elsewhere,
// and every address that is known means something else. So words that only this kernel, in this
// boot, has at these places (boot chooses them) are compared before anything is looked for and
// right before every repair.
#ifndef DEFIB_ENGINE_RUNTIME_IDENTITY_H
#define DEFIB_ENGINE_RUNTIME_IDENTITY_H

#include "engine/abi/engine.h"

namespace defib::runtime {

// False, journaled and final: the responder is stopped where a word differs.
bool is_still_the_kernel(DefibEngine& engine, uint64_t now_ns);

}  // namespace defib::runtime

#endif
