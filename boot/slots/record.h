// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What is known of the two slots, as a log of records (README.md).
//
// A record, in the first 192 bytes of a sector, integers little endian:
//   0 "DEFIBREC"   8 format (u32) 1   12 preferred slot (u32)   16 sequence (u64)   24 zeros (8)
//   32, 96: slot A, slot B: state (u32), zero (u32), size (u64), digest (32), zeros (16)
//   160 digest of the 160 bytes before
#ifndef DEFIB_BOOT_SLOTS_RECORD_H
#define DEFIB_BOOT_SLOTS_RECORD_H

#include <array>
#include <optional>

#include "boot/slots/storage.h"
#include "signing/crypto.h"

namespace defib::boot {

enum class SlotState : uint32_t {
    empty = 0,    // nothing, or half of something
    fresh = 1,    // complete, never started
    trying = 2,   // started; nobody has said yet that it is healthy
    healthy = 3,  // may be started any time
    failed = 4,   // was started and was not found healthy
};

struct SlotEntry {
    SlotState state = SlotState::empty;
    uint64_t size = 0;
    signing::Digest digest{};
};

inline constexpr size_t SLOTS = 2;

struct SlotRecord {
    uint64_t sequence = 0;
    uint32_t preferred = 0;
    std::array<SlotEntry, SLOTS> slots;
};

inline constexpr size_t RECORD_SECTORS = 64;
inline constexpr uint64_t RECORD_AREA_BYTES = RECORD_SECTORS * SECTOR_BYTES;

class RecordLog {
  public:
    // Storage on which no record can be read is new, or lost: both slots are empty then.
    static Result<RecordLog> open(Storage& storage);

    const SlotRecord& last() const { return last_; }

    // After this the record is on the device, or an error says that `last()` is still what counts.
    // `record.sequence` is set here.
    Result<void> append(SlotRecord record);

  private:
    explicit RecordLog(Storage& storage) : storage_(&storage) {}

    Storage* storage_;
    SlotRecord last_;
    size_t next_sector_ = 0;
};

}  // namespace defib::boot

#endif
