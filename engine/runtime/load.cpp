// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib_load: what every read of kernel data in a routine becomes.
#include "engine/abi/calls.h"
#include "engine/runtime/life.h"
#include "engine/runtime/lines.h"
#include "engine/runtime/overlay.h"
#include "engine/runtime/picture.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

// Both steps can be undone, so two executions whose loads differ in one bit end with different
// hashes unless a later load differs too.
uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 29;
}

// What is wanted, whatever lies over memory there.
[[gnu::noinline]] uint64_t load_slowly(DefibContext& context, uint64_t address, uint32_t size) {
    if (!spend(context, DEFIB_FUEL_LOAD)) return 0;
    context.reads++;
    const bool is_unplanned = (size & DEFIB_LOAD_UNPLANNED) != 0;
    size &= ~DEFIB_LOAD_UNPLANNED;
    if (!is_width(size)) {
        die(context, DEFIB_DEATH_WIDTH, address);
        return 0;
    }
    uint64_t value = 0;
    if (is_pictured(context.picture, address, size)) {
        value = read_picture(context.picture, address, size);
    } else if (!read_line(context, address, size, value)) {
        const Place place = translate(*context.target, context.cache, address, size);
        if (place.death != DEFIB_DEATH_NONE) {
            die(context, place.death, address);
            return 0;
        }
        if (is_unplanned && is_planned(context.plan, place.physical, size)) {
            die(context, DEFIB_DEATH_OWN_POINTER, address);
            return 0;
        }
        value = overlay(context.plan, place.physical, size, read_any(place.backend, size));
    }
    context.load_hash = mix(mix(context.load_hash, address), value);
    return value;
}

// An aligned load never crosses the end of a page.
bool is_plain(const DefibContext& context, uint64_t address, uint32_t size) {
    return is_width(size) && (address & (size - 1)) == 0 && context.death == DEFIB_DEATH_NONE &&
           context.fuel >= DEFIB_FUEL_LOAD;
}

}  // namespace
}  // namespace defib::runtime

using namespace defib::runtime;

// Not inlined on a GPU, nor are defib_store() and defib_emit(): a routine has some hundred of each.
// What nearly all loads are is done here, and calls nothing: on a GPU each call that may follow
// costs its registers' way to memory and back.
extern "C" [[gnu::noinline]] uint64_t defib_load(DefibContext* context, uint64_t address,
                                                 uint32_t size) {
    const uint32_t width = size & ~DEFIB_LOAD_UNPLANNED;
    if (!is_plain(*context, address, width)) return load_slowly(*context, address, size);
    const uint64_t within = address - context->near.first;
    uint64_t value = 0;
    if (within < context->near.size && context->near.size - within >= width) {
        // `near` is empty where anything is planned.
        value = read_volatile(context->near.backend + within, width);
    } else if (is_pictured(context->picture, address, width)) {
        value = read_picture(context->picture, address, width);
    } else if (context->lines.last != 0 &&
               address / DEFIB_LINE_SIZE == context->lines.last / DEFIB_LINE_SIZE) {
        value = word_at(pointer_to<const uint64_t>(context->lines.last_words),
                        address % DEFIB_LINE_SIZE, width);
    } else {
        return load_slowly(*context, address, size);
    }
    context->fuel -= DEFIB_FUEL_LOAD;
    context->reads++;
    context->load_hash = mix(mix(context->load_hash, address), value);
    return value;
}
