// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/slots/record.h"

#include <algorithm>

#include "signing/bytes.h"

namespace defib::boot {
namespace {

using signing::ByteReader;
using signing::ByteWriter;

constexpr std::string_view MAGIC = "DEFIBREC";
constexpr std::string_view PERSONAL = "defib.slots.1";
constexpr uint32_t FORMAT = 1;
constexpr size_t BODY_BYTES = 160;

using Sector = std::array<std::byte, SECTOR_BYTES>;

std::string encode(const SlotRecord& record) {
    ByteWriter writer;
    writer.text(MAGIC);
    writer.u32(FORMAT);
    writer.u32(record.preferred);
    writer.u64(record.sequence);
    writer.zeros(8);
    for (const SlotEntry& slot : record.slots) {
        writer.u32(uint32_t(slot.state));
        writer.zeros(4);
        writer.u64(slot.size);
        writer.array(slot.digest);
        writer.zeros(16);
    }
    std::string body = writer.take();
    body += as_text(signing::bytes_of(signing::digest(PERSONAL, as_bytes(body))));
    body.resize(SECTOR_BYTES, '\0');
    return body;
}

// Nothing for a sector that was never written, torn or worn.
std::optional<SlotRecord> decode(Bytes sector) {
    const Bytes body = sector.first(BODY_BYTES);
    const signing::Digest digest = signing::digest(PERSONAL, body);
    if (!std::ranges::equal(sector.subspan(BODY_BYTES, digest.size()), signing::bytes_of(digest))) {
        return std::nullopt;
    }
    ByteReader reader(body);
    if (as_text(reader.take(MAGIC.size())) != MAGIC || reader.u32() != FORMAT) return std::nullopt;
    SlotRecord record;
    record.preferred = reader.u32();
    record.sequence = reader.u64();
    reader.take(8);
    for (SlotEntry& slot : record.slots) {
        const uint32_t state = reader.u32();
        if (state > uint32_t(SlotState::failed)) return std::nullopt;
        slot.state = SlotState(state);
        reader.take(4);
        slot.size = reader.u64();
        slot.digest = reader.take_array<32>();
        reader.take(16);
    }
    // No disk lives to see half of all numbers; from the last one on there would be no next.
    if (record.preferred >= SLOTS || record.sequence > UINT64_MAX / 2) return std::nullopt;
    return record;
}

}  // namespace

Result<RecordLog> RecordLog::open(Storage& storage) {
    if (storage.size() < RECORD_AREA_BYTES) {
        return fail(DEFIB_ERROR_SLOTS_STORAGE, "slots", "too small to hold any");
    }
    RecordLog log(storage);
    bool any_readable = false;
    for (size_t i = 0; i < RECORD_SECTORS; ++i) {
        Sector sector{};
        // A sector that cannot be read any more costs one old record, not the start.
        if (!storage.read(i * SECTOR_BYTES, sector)) continue;
        any_readable = true;
        const auto record = decode(sector);
        if (!record || record->sequence <= log.last_.sequence) continue;
        log.last_ = *record;
        log.next_sector_ = (i + 1) % RECORD_SECTORS;
    }
    if (!any_readable) return fail(DEFIB_ERROR_SLOTS_STORAGE, "slots", "no sector can be read");
    return log;
}

Result<void> RecordLog::append(SlotRecord record) {
    for (size_t attempt = 0; attempt < RECORD_SECTORS; ++attempt) {
        // A new number for each attempt: one that failed may yet turn up after the next start.
        record.sequence = last_.sequence + 1 + attempt;
        const uint64_t offset = next_sector_ * SECTOR_BYTES;
        next_sector_ = (next_sector_ + 1) % RECORD_SECTORS;
        // The record in force stays where it is until a newer one is safe.
        const std::string wanted = encode(record);
        Sector found{};
        if (!storage_->write(offset, as_bytes(wanted)) || !storage_->flush() ||
            !storage_->read(offset, found) || as_text(found) != wanted) {
            continue;
        }
        last_ = record;
        return {};
    }
    return fail(DEFIB_ERROR_SLOTS_STORAGE, "slots", "no record can be written any more",
                "replace the disk");
}

}  // namespace defib::boot
