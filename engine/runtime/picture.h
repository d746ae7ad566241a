// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Pictures: an object's needed span, fetched in one burst and then read from there.
//
// On a GPU 256 bytes of host memory cost what 8 cost, and a span read at once is nearly one moment
// of the object. Read a second time, and found the same, it is exactly one: a moment between the
// two at which all of it was so. An item that dies on a picture is pictured and run again, and what
// decides a repair is never read from one (stores and pictures exclude each other).
#ifndef DEFIB_ENGINE_RUNTIME_PICTURE_H
#define DEFIB_ENGINE_RUNTIME_PICTURE_H

#include "engine/abi/context.h"

namespace defib::runtime {

inline bool is_pictured(const DefibPicture& picture, uint64_t address, uint32_t size) {
    return size <= picture.size && address >= picture.address &&
           address - picture.address <= picture.size - size;
}

// `size` bytes at byte `within` of a copy that is made of words.
inline uint64_t word_at(const uint64_t* words, uint64_t within, uint32_t size) {
    const uint64_t shift = within % 8;
    uint64_t value = words[within / 8] >> (8 * shift);
    if (shift + size > 8) value |= words[within / 8 + 1] << (8 * (8 - shift));
    return size == 8 ? value : value & ((uint64_t{1} << (8 * size)) - 1);
}

inline uint64_t read_picture(const DefibPicture& picture, uint64_t address, uint32_t size) {
    return word_at(picture.words, address - picture.address, size);
}

// Takes the span; where a part of it cannot be read, none is held and loads go their usual way,
// which then tells what is wrong.
void take_picture(DefibContext& context, uint64_t address, uint32_t size);

// Whether memory still holds what the picture shows; true where none is held.
bool is_still_so(DefibContext& context);

// One moment of the object: a picture that a second reading confirms, or a death.
void take_steady_picture(DefibContext& context, uint64_t address, uint32_t size);

inline void drop_picture(DefibContext& context) {
    context.picture.size = 0;
}

}  // namespace defib::runtime

#endif
