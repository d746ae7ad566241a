// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/picture.h"

#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;
constexpr uint64_t WORD = 8;

}  // namespace

uint64_t read_picture(const DefibPicture& picture, uint64_t address, uint32_t size) {
    const uint64_t within = address - picture.address;
    const uint64_t shift = within % WORD;
    uint64_t value = picture.words[within / WORD] >> (8 * shift);
    if (shift + size > WORD) value |= picture.words[within / WORD + 1] << (8 * (WORD - shift));
    return size == WORD ? value : value & ((uint64_t{1} << (8 * size)) - 1);
}

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
#pragma clang loop unroll(disable)
        for (uint64_t byte = 0; byte < stop - at; byte += WORD) {
            picture.words[(at - first + byte) / WORD] = read_any(place.backend + byte, WORD);
        }
        at = stop;
    }
    picture.address = first;
    picture.size = end - first;
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
#pragma clang loop unroll(disable)
        for (uint64_t byte = 0; byte < part; byte += WORD) {
            if (read_any(place.backend + byte, WORD) != picture.words[(at + byte) / WORD]) {
                return false;
            }
        }
        at += part;
    }
    return true;
}

}  // namespace defib::runtime
