// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any disk as slots: each 160 bytes are a record's, given the digest that makes it one, and what is
// left over lies in the slots. Whatever the records say, nothing outside the disk is read, and an
// image that could be installed is the one that the next start gets.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <tuple>

#include "boot/slots/simulated_storage.h"
#include "boot/slots/slots.h"
#include "signing/crypto.h"

namespace {

using namespace defib;
using namespace defib::boot;

constexpr size_t BODY_BYTES = 160;
constexpr uint64_t SLOT_BYTES = 4 * SECTOR_BYTES;
const std::string IMAGE(1500, 'i');

void put(Storage& disk, uint64_t offset, Bytes bytes) {
    if (!disk.write(offset, bytes)) std::abort();
}

boot::testing::SimulatedStorage disk_of(Bytes input) {
    boot::testing::SimulatedStorage disk(RECORD_AREA_BYTES + SLOTS * SLOT_BYTES);
    for (size_t i = 0; i < RECORD_SECTORS && input.size() >= BODY_BYTES; ++i) {
        const Bytes body = input.first(BODY_BYTES);
        const auto digest = signing::digest("defib.slots.1", body);
        put(disk, i * SECTOR_BYTES, body);
        put(disk, i * SECTOR_BYTES + BODY_BYTES, signing::bytes_of(digest));
        input = input.subspan(BODY_BYTES);
    }
    put(disk, RECORD_AREA_BYTES, input.first(std::min<size_t>(input.size(), SLOTS * SLOT_BYTES)));
    if (!disk.flush()) std::abort();
    return disk;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const Slots::Judge anything_goes = [](const std::string&) { return Result<void>(); };
    auto disk = disk_of(std::as_bytes(std::span(data, size)));
    {
        auto slots = Slots::open(disk);
        if (!slots) std::abort();
        const auto choice = slots->choose(anything_goes);
        if (choice && choice->image.size() > SLOT_BYTES) std::abort();
        if (choice) std::ignore = slots->confirm(choice->slot);
    }
    auto slots = Slots::open(disk);
    if (!slots) std::abort();
    if (!slots->install(as_bytes(IMAGE), anything_goes)) return 0;
    auto after = Slots::open(disk);
    if (!after) std::abort();
    const auto choice = after->choose(anything_goes);
    if (!choice || choice->image != IMAGE || !choice->is_trial) std::abort();
    return 0;
}
