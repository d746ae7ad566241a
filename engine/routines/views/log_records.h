// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the view of the kernel log reports.
#ifndef DEFIB_ENGINE_ROUTINES_VIEWS_LOG_RECORDS_H
#define DEFIB_ENGINE_ROUTINES_VIEWS_LOG_RECORDS_H

#include <stdint.h>

#define DEFIB_RECORD_LOG 264u

#define DEFIB_LOG_WORDS 128  // 1024 bytes: LOG_LINE_MAX of printk is a prefix less

struct DefibLogRecord {
    uint64_t sequence;
    uint64_t time_ns;  // since boot
    uint32_t level;    // 0 (emergency) to 7 (debug)
    uint32_t facility;
    uint32_t caller_id;              // as printk has it: a pid, or a CPU with bit 31
    uint32_t length;                 // of the text as the kernel holds it
    uint64_t text[DEFIB_LOG_WORDS];  // bytes, not ended by a zero
};

#endif
