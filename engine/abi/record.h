// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Records: what routines report. A buffer of headers, each followed by its payload, both multiples
// of 8 bytes. What does not fit is counted and left out, never cut.
#ifndef DEFIB_ENGINE_ABI_RECORD_H
#define DEFIB_ENGINE_ABI_RECORD_H

#include <stdint.h>

#define DEFIB_RECORD_SIZE_MAX 2048u  // payload of one record

// Kinds below 256 belong to the engine; a manifest numbers its own from there.
#define DEFIB_RECORD_POINTER 1u  // a collector's find: one uint64_t, the object's address
#define DEFIB_RECORD_FINDING 2u  // a detector's: struct DefibFinding (finding.h)
#define DEFIB_RECORD_CULPRIT 3u  // one of the finding's culprits: struct DefibCulprit
#define DEFIB_RECORD_OWN 256u

// A store of a plan, in the answer to DEFIB_COMMAND_ACT: made, or only wanted where the window is
// read only.
#define DEFIB_RECORD_STORE 4u
struct DefibStoreRecord {
    uint64_t address;
    uint64_t old_value;
    uint64_t new_value;
    uint32_t size;
    uint32_t field;    // the manifest's number
    uint32_t routine;  // whose plan it is in
    uint32_t is_made;
};

struct DefibRecordHeader {
    uint32_t kind;
    uint32_t size;  // of the payload as asked for; the next header is at the next multiple of 8
};

struct DefibRecords {
    uint64_t bytes;  // backend address of the buffer, a multiple of 8
    uint32_t capacity;
    uint32_t used;
    uint32_t count;
    uint32_t lost;
};

#endif
