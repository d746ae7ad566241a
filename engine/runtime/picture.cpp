// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/picture.h"

#include "engine/runtime/gather.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;
constexpr uint64_t WORD = 8;
// Of an object that changes: what runs is changed at each tick and switch, some thousand times a
// second, and a picture takes a microsecond.
constexpr uint32_t PICTURES = 4;

}  // namespace

void take_picture(DefibContext& context, uint64_t address, uint32_t size) {
    DefibPicture& picture = context.picture;
    picture.size = 0;
    // Whole words, so that every read is aligned and a field is never cut.
    const uint64_t first = address & ~(WORD - 1);
    const uint64_t end = (address + size + WORD - 1) & ~(WORD - 1);
    if (size == 0 || end <= first || end - first > DEFIB_PICTURE_SIZE) return;

    uint64_t at = first;
#pragma clang loop unroll(disable)
    while (at < end) {
        const uint64_t page_end = (at | (PAGE_SIZE - 1)) + 1;
        const uint64_t stop = page_end < end && page_end != 0 ? page_end : end;
        const Place place = translate(*context.target, context.cache, at, stop - at);
        if (place.death != DEFIB_DEATH_NONE) return;
        gather(context, picture.words + (at - first) / WORD, place.backend,
               static_cast<uint32_t>((stop - at) / WORD));
        at = stop;
    }
    picture.address = first;
    picture.size = end - first;
    context.near.size = 0;
}

bool is_still_so(DefibContext& context) {
    const DefibPicture& picture = context.picture;
    uint64_t at = 0;
#pragma clang loop unroll(disable)
    while (at < picture.size) {
        const uint64_t address = picture.address + at;
        const uint64_t left = PAGE_SIZE - (address & (PAGE_SIZE - 1));
        const uint64_t part = left < picture.size - at ? left : picture.size - at;
        const Place place = translate(*context.target, context.cache, address, part);
        if (place.death != DEFIB_DEATH_NONE) return false;
        const bool is_same = is_gathered(context, picture.words + at / WORD, place.backend,
                                         static_cast<uint32_t>(part / WORD));
        if (!is_same) return false;
        at += part;
    }
    return true;
}

void take_steady_picture(DefibContext& context, uint64_t address, uint32_t size) {
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < PICTURES; i++) {
        take_picture(context, address, size);
        if (is_still_so(context)) return;
    }
    context.death = DEFIB_DEATH_TORN;
    context.death_address = address;
}

}  // namespace defib::runtime
