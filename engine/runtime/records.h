// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_RUNTIME_RECORDS_H
#define DEFIB_ENGINE_RUNTIME_RECORDS_H

#include "engine/abi/record.h"
#include "engine/runtime/processor.h"

namespace defib::runtime {

// Where the payload of one more record goes; 0: it does not fit, and is counted.
inline uint64_t room_for(DefibRecords& records, uint32_t kind, uint32_t size) {
    const auto needed = static_cast<uint32_t>(sizeof(DefibRecordHeader)) + ((size + 7) & ~7U);
    if (records.used > records.capacity || needed > records.capacity - records.used) {
        records.lost++;
        return 0;
    }
    auto* header = pointer_to<DefibRecordHeader>(records.bytes + records.used);
    header->kind = kind;
    header->size = size;
    records.used += needed;
    records.count++;
    return reinterpret_cast<uint64_t>(header + 1);
}

}  // namespace defib::runtime

#endif
