// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The binding: what one kernel's layout gives for every slot that the manifest names. Compiled code
// holds slot numbers only, so that one signed engine serves every kernel that has a layout.
#ifndef DEFIB_ENGINE_ABI_BINDING_H
#define DEFIB_ENGINE_ABI_BINDING_H

#include <stdint.h>

#define DEFIB_BINDING_SLOTS 4096

// The value of a slot that this kernel does not have and that the routine may lack. A field's
// address made with it is not canonical on any processor, so that the first load through it ends
// the routine instead of reading a neighbour.
#define DEFIB_BINDING_ABSENT 0x4000000000000000ull

struct DefibBinding {
    uint32_t count;
    uint32_t reserved;
    uint64_t values[DEFIB_BINDING_SLOTS];
};

#endif
