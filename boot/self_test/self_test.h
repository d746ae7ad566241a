// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Before anything is started: does this processor compute what it should, here and now?
//
// Two kinds of known answers. Cryptography: answers that other programs computed, and that what is
// damaged is refused; a library that says yes to everything would start everything. And the engine:
// the image's own compiled code, on the processor that was chosen, over a small made-up kernel
// memory whose content boot knows.
//
// What it cannot do: prove the processor. It finds the wrong library, an image for another runtime,
// a card whose driver compiles wrongly, memory that does not hold what was written.
#ifndef DEFIB_BOOT_SELF_TEST_SELF_TEST_H
#define DEFIB_BOOT_SELF_TEST_SELF_TEST_H

#include <functional>

#include "boot/backend/engine_state.h"
#include "boot/binder/manifest.h"

namespace defib::boot {

Result<void> test_cryptography();

// Carries out one command on the processor that is tested.
using CarryOut = std::function<Result<DefibAnswer>(const DefibCommand&)>;
// Has the engine of that state there; what comes of it goes before the state does.
using StartThere = std::function<Result<CarryOut>(EngineState&)>;

// The manifest is the one of the image whose engine `start_there` starts.
Result<void> test_engine(const Manifest& manifest, const StartThere& start_there);

}  // namespace defib::boot

#endif
