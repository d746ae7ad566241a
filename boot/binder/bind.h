// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The binder: layout x manifest -> the table of values that the engine is started with.
//
// A routine was compiled against declared structures: this field, so wide, signed or not. The
// binder holds each of these against the layout of the kernel that runs. Where the layout
// contradicts, or lacks what the routine did not ask for with exists(), the routine is off, the
// reason is kept, and the rest runs. Nothing is guessed from a kernel's version.
#ifndef DEFIB_BOOT_BINDER_BIND_H
#define DEFIB_BOOT_BINDER_BIND_H

#include <string>
#include <vector>

#include "boot/binder/answers.h"
#include "boot/binder/manifest.h"
#include "engine/abi/engine.h"

namespace defib::boot {

// Memory of the target that its kernel never uses and that repairs may build objects in.
struct Scratch {
    uint64_t address = 0;
    uint64_t size = 0;  // 0: none is offered
};

struct BoundRoutine {
    DefibRoutine routine{};
    std::string why_off;  // empty: it is on
    uint32_t picture_offset = 0;
    uint32_t picture_size = 0;  // 0: no picture
};

struct Bound {
    DefibBinding binding{};
    std::vector<BoundRoutine> routines;  // by the manifest's numbers
};

// `text` is where the kernel's _text is. Fails only where nothing at all can be bound: a layout of
// another architecture.
Result<Bound> bind(const Manifest& manifest, const layouts::Layout& layout, uint64_t text,
                   const Scratch& scratch);

// The same from answers that somebody has kept. Fails where they are not this manifest's.
Result<Bound> bind(const Manifest& manifest, const Answers& answers, uint64_t text,
                   const Scratch& scratch);

}  // namespace defib::boot

#endif
