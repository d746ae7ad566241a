// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_METRICS_COUNT_H
#define DEFIB_BOOT_METRICS_COUNT_H

#include "boot/metrics/vitals.h"

namespace defib::boot::metrics {

// An entry, and how many before it were overwritten unread.
void count(Vitals& vitals, const DefibJournalEntry& entry, uint64_t lost);

// The turns that the engine's loop has made by now, which is how it is seen to go on.
void look_at_heart(Vitals& vitals, uint64_t turns, uint64_t now_ns);

}  // namespace defib::boot::metrics

#endif
