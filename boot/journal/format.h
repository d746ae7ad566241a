// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The journal on disk: frames of one size, only ever added at the end.
//
// Each frame carries a check over its content and the check of the frame before it, so that one
// that was changed, left out or moved is told, and so that a machine that lost power in the middle
// of a frame leaves a file that is good up to there. A session begins with a START frame, from
// which the chain starts anew: many sessions may follow each other in one file. What numbers mean
// is written before they are used, as NAME frames, so that a journal can be read by itself.
//
// Numbers are little-endian. The check is against accidents; who must fear forgers signs the file.
#ifndef DEFIB_BOOT_JOURNAL_FORMAT_H
#define DEFIB_BOOT_JOURNAL_FORMAT_H

#include <cstddef>
#include <cstdint>

#include "engine/abi/journal.h"

namespace defib::boot {

enum class FrameType : uint32_t {
    start = 1,  // JournalStart
    name = 2,   // JournalName
    entry = 3,  // DefibJournalEntry
    lost = 4,   // JournalLost: the engine was faster than whoever wrote
};

inline constexpr size_t FRAME_PAYLOAD = 64;

struct JournalFrame {
    uint32_t check;
    uint32_t type;
    uint8_t payload[FRAME_PAYLOAD];
};
static_assert(sizeof(JournalFrame) == 72);

inline constexpr uint64_t JOURNAL_MAGIC = 0x314c4e4a42464544;  // "DEFBJNL1"

struct JournalStart {
    uint64_t magic;
    uint64_t wall_ns;    // CLOCK_REALTIME at the same moment as
    uint64_t engine_ns;  // the engine's clock, which entries have
    uint64_t manifest_digest;
    char target[32];  // ends with a zero; the whole of it, or its beginning
};
static_assert(sizeof(JournalStart) == FRAME_PAYLOAD);

// A symbol's number is the lower half of the address, the upper one is all ones: the kernel's
// image and modules. An object's is a digest of its address: symbol_key() in reader.h. A target's
// name that START has no room for comes in pieces, numbered from 0.
enum class NameOf : uint32_t {
    routine = 1,
    rule = 2,
    field = 3,
    detector = 4,
    symbol = 5,
    target = 6,
    object = 7,
};

struct JournalName {
    uint32_t of;  // enum NameOf
    uint32_t number;
    char text[56];  // ends with a zero
};
static_assert(sizeof(JournalName) == FRAME_PAYLOAD);

struct JournalLost {
    uint64_t first;  // sequence numbers
    uint64_t last;
    uint64_t reserved[6];
};
static_assert(sizeof(JournalLost) == FRAME_PAYLOAD);
static_assert(sizeof(DefibJournalEntry) == FRAME_PAYLOAD);

constexpr uint32_t check_of(uint32_t before, uint32_t type, const uint8_t* payload) {
    uint32_t check = 0x811c9dc5;  // FNV-1a
    const auto add = [&](uint8_t byte) { check = (check ^ byte) * 0x01000193; };
    for (int i = 0; i < 4; i++) add(static_cast<uint8_t>(before >> (8 * i)));
    for (int i = 0; i < 4; i++) add(static_cast<uint8_t>(type >> (8 * i)));
    for (size_t i = 0; i < FRAME_PAYLOAD; i++) add(payload[i]);
    return check;
}

}  // namespace defib::boot

#endif
