// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One guarded kernel: its memory, how its addresses translate, and its binding. Everything that the
// engine knows about a kernel hangs here; nothing is global, so that one engine can serve several.
#ifndef DEFIB_ENGINE_ABI_TARGET_H
#define DEFIB_ENGINE_ABI_TARGET_H

#include <stdint.h>

#include "engine/abi/binding.h"
#include "engine/abi/window.h"

#define DEFIB_LINEAR_MAPS 16

// Addresses that translate by subtraction: the direct map, the kernel image, stretches of vmemmap.
// The result is checked against the window like any other.
struct DefibLinear {
    uint64_t first;  // virtual
    uint64_t size;
    uint64_t physical;
};

enum DefibArchitecture { DEFIB_ARCHITECTURE_NONE = 0, DEFIB_ARCHITECTURE_X86_64 = 1 };

struct DefibKernelMap {
    uint32_t architecture;     // enum DefibArchitecture
    uint32_t levels;           // of the page tables: 4 or 5
    uint64_t page_table;       // physical address of the kernel's top table
    uint64_t encryption_mask;  // bits of an entry that are not address (AMD SME); 0 where none
    uint32_t linear_count;
    uint32_t reserved;
    struct DefibLinear linear[DEFIB_LINEAR_MAPS];
};

// What a linear map and a range of the window have in common: from an address to the backend's in
// one comparison.
#define DEFIB_STRETCHES 32
struct DefibStretch {
    uint64_t first;  // virtual
    uint64_t size;
    uint64_t physical;
    uint64_t backend;
};

struct DefibTarget {
    struct DefibWindow window;
    struct DefibKernelMap map;
    struct DefibBinding binding;
    uint64_t stretch_count;  // set by prepare() (engine/runtime/translate.h); 0 is slow, not wrong
    struct DefibStretch stretches[DEFIB_STRETCHES];
    uint64_t hook;  // physical address of the kernel module's ring (hook_ring.h); 0: there is none
};

#endif
