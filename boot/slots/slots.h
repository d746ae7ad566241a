// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two slots for an image: installed into the one that is not needed, started once, kept if found
// healthy, given up otherwise. README.md has the states and why each write comes when it does.
#ifndef DEFIB_BOOT_SLOTS_SLOTS_H
#define DEFIB_BOOT_SLOTS_SLOTS_H

#include <functional>
#include <memory>
#include <string>

#include "boot/slots/record.h"

namespace defib::boot {

class Slots {
  public:
    // May this image be started? The caller verifies it, with keys, counter and target.
    using Judge = std::function<Result<void>(const std::string& image)>;

    struct Choice {
        uint32_t slot = 0;
        std::string image;
        bool is_trial = false;  // it is given up unless confirm() follows before the next start
    };

    // `storage` outlives the slots.
    static Result<Slots> open(Storage& storage);

    uint64_t slot_bytes() const { return slot_bytes_; }

    // The judge is asked first: what could not be started need not be written.
    Result<void> install(Bytes image, const Judge& judge);

    // The image to start now. A fresh one is marked before it is given out, so that it is given out
    // once.
    Result<Choice> choose(const Judge& judge);

    // The image in this slot, which choose() gave out, is healthy.
    Result<void> confirm(uint32_t slot);

    const SlotRecord& record() const { return log_.last(); }

  private:
    Slots(Storage& storage, RecordLog log, uint64_t slot_bytes)
        : storage_(&storage), log_(log), slot_bytes_(slot_bytes) {}

    uint64_t offset_of(uint32_t slot) const { return RECORD_AREA_BYTES + slot * slot_bytes_; }
    Result<std::string> read_image(uint32_t slot);
    Result<void> write_image(uint32_t slot, Bytes image);
    Result<void> change_state(uint32_t slot, SlotState state);
    Result<Choice> consider(uint32_t slot, const Judge& judge);

    Storage* storage_;
    RecordLog log_;
    uint64_t slot_bytes_;
};

}  // namespace defib::boot

#endif
