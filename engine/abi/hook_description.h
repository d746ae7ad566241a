// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether the header of a ring (hook_ring.h) describes itself rightly: for whoever finds one, and
// for whoever is told of one.
#ifndef DEFIB_ENGINE_ABI_HOOK_DESCRIPTION_H
#define DEFIB_ENGINE_ABI_HOOK_DESCRIPTION_H

#include <stdbool.h>

#include "engine/abi/hook_ring.h"

#define DEFIB_HOOK_BYTES_MAX (1u << 20)  // over what DEFIB_HOOK_CPUS_MAX CPUs need

static inline bool defib_hook_fits(const struct DefibHookHeader* header, uint32_t at,
                                   uint64_t count, uint64_t size) {
    return at % 8 == 0 && at >= sizeof *header && at <= header->bytes &&
           count * size <= header->bytes - at;
}

static inline bool defib_hook_is_described_rightly(const struct DefibHookHeader* header) {
    return header->version == DEFIB_HOOK_VERSION && header->load != 0 && header->cpus != 0 &&
           header->cpus <= DEFIB_HOOK_CPUS_MAX && header->slots == DEFIB_HOOK_SLOTS &&
           header->bytes <= DEFIB_HOOK_BYTES_MAX &&
           header->sum == defib_hook_description_sum(header) &&
           defib_hook_fits(header, header->engine_at, 1, sizeof(struct DefibHookEngine)) &&
           defib_hook_fits(header, header->beats_at, header->cpus, sizeof(struct DefibHookBeat)) &&
           defib_hook_fits(header, header->requests_at, header->slots,
                           sizeof(struct DefibHookRequest)) &&
           defib_hook_fits(header, header->answers_at, header->slots,
                           sizeof(struct DefibHookAnswer));
}

#endif
