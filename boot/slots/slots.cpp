// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/slots/slots.h"

#include <algorithm>
#include <tuple>

#include "signing/crypto.h"

namespace defib::boot {
namespace {

constexpr std::string_view PERSONAL = "defib.slot.1";
constexpr size_t CHUNK_BYTES = size_t{64} << 10;

const char* letter(uint32_t slot) {
    return slot == 0 ? "slot A" : "slot B";
}

// The slot that may be written over: never the only one that could be started.
uint32_t spare_slot(const SlotRecord& record) {
    for (const SlotState needed : {SlotState::healthy, SlotState::fresh}) {
        if (record.slots[record.preferred].state == needed) return 1 - record.preferred;
        if (record.slots[1 - record.preferred].state == needed) return record.preferred;
    }
    return 0;
}

}  // namespace

Result<Slots> Slots::open(Storage& storage) {
    const auto log = RecordLog::open(storage);
    if (!log) return std::unexpected(log.error());
    const uint64_t each = (storage.size() - RECORD_AREA_BYTES) / SLOTS;
    return Slots(storage, *log, each / SECTOR_BYTES * SECTOR_BYTES);
}

Result<void> Slots::change_state(uint32_t slot, SlotState state) {
    SlotRecord record = log_.last();
    record.slots[slot].state = state;
    return log_.append(record);
}

// The image as it was installed, or an error: what the record says of a slot is no proof that the
// slot still holds it.
Result<std::string> Slots::read_image(uint32_t slot) {
    const SlotEntry& entry = log_.last().slots[slot];
    if (entry.size == 0 || entry.size > slot_bytes_) {
        return fail(DEFIB_ERROR_SLOTS_STORAGE, letter(slot), "it has no image");
    }
    std::string image(entry.size, '\0');
    const auto read = storage_->read(offset_of(slot), std::as_writable_bytes(std::span(image)));
    if (!read) return std::unexpected(read.error());
    if (signing::digest(PERSONAL, as_bytes(image)) != entry.digest) {
        return fail(DEFIB_ERROR_SLOTS_STORAGE, letter(slot), "its image is damaged",
                    "install it again");
    }
    return image;
}

Result<void> Slots::write_image(uint32_t slot, Bytes image) {
    uint64_t offset = offset_of(slot);
    while (!image.empty()) {
        const Bytes chunk = image.first(std::min(CHUNK_BYTES, image.size()));
        if (auto ok = storage_->write(offset, chunk); !ok) return ok;
        offset += chunk.size();
        image = image.subspan(chunk.size());
    }
    return storage_->flush();
}

Result<void> Slots::install(Bytes image, const Judge& judge) {
    if (image.size() > slot_bytes_) {
        return fail(
            DEFIB_ERROR_SLOTS_TOO_LARGE, "image",
            std::to_string(image.size()) + " bytes, and a slot has " + std::to_string(slot_bytes_));
    }
    const std::string copy(as_text(image));
    if (auto ok = judge(copy); !ok) return ok;
    SlotRecord record = log_.last();
    if (std::ranges::count(record.slots, SlotState::trying, &SlotEntry::state) != 0) {
        return fail(DEFIB_ERROR_SLOTS_BUSY, "slots", "an image is being tried",
                    "wait until it is found healthy, or start again");
    }
    const uint32_t slot = spare_slot(record);
    // First: nothing may point at the slot while it is neither the old image nor the new one.
    record.slots[slot] = {};
    if (auto ok = log_.append(record); !ok) return ok;
    if (auto ok = write_image(slot, as_bytes(copy)); !ok) return ok;
    record.slots[slot] = {SlotState::fresh, copy.size(), signing::digest(PERSONAL, as_bytes(copy))};
    record.preferred = slot;
    std::string written(copy.size(), '\0');
    if (auto ok = storage_->read(offset_of(slot), std::as_writable_bytes(std::span(written)));
        !ok) {
        return ok;
    }
    if (written != copy) {
        return fail(DEFIB_ERROR_SLOTS_STORAGE, letter(slot), "it does not keep what is written",
                    "replace the disk");
    }
    return log_.append(record);
}

// The image of this slot, if it may be started now. Changes the record as README.md has it.
Result<Slots::Choice> Slots::consider(uint32_t slot, const Judge& judge) {
    const SlotState state = log_.last().slots[slot].state;
    if (state == SlotState::trying) {
        // It was started and nobody came back to say that it is healthy. Whether this can be
        // written down does not matter: "trying" is not started again either.
        std::ignore = change_state(slot, SlotState::failed);
    }
    if (state != SlotState::fresh && state != SlotState::healthy) {
        return fail(DEFIB_ERROR_SLOTS_NOTHING_BOOTABLE, letter(slot));
    }
    auto image = read_image(slot);
    if (!image) return std::unexpected(image.error());
    if (auto ok = judge(*image); !ok) return std::unexpected(ok.error());
    if (state == SlotState::fresh) {
        if (auto ok = change_state(slot, SlotState::trying); !ok) {
            return std::unexpected(ok.error());
        }
    }
    return Choice{slot, std::move(*image), state == SlotState::fresh};
}

Result<Slots::Choice> Slots::choose(const Judge& judge) {
    const uint32_t preferred = log_.last().preferred;
    auto first = consider(preferred, judge);
    if (first) return first;
    auto second = consider(1 - preferred, judge);
    if (second) return second;
    // The more telling of the two reasons: that of the slot that was meant to start.
    return fail(DEFIB_ERROR_SLOTS_NOTHING_BOOTABLE, letter(preferred), to_line(first.error()),
                "install an image");
}

Result<void> Slots::confirm(uint32_t slot) {
    SlotRecord record = log_.last();
    if (slot >= SLOTS || (record.slots[slot].state != SlotState::trying &&
                          record.slots[slot].state != SlotState::healthy)) {
        return fail(DEFIB_ERROR_SLOTS_BUSY, "slots", "this slot's image was not started");
    }
    if (record.slots[slot].state == SlotState::healthy && record.preferred == slot) return {};
    record.slots[slot].state = SlotState::healthy;
    record.preferred = slot;
    return log_.append(record);
}

}  // namespace defib::boot
