// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What one kernel's layout answers to each question of a manifest, before any such kernel runs: all
// of the binding but where _text is and what scratch memory there is. An image may bring these
// answers ready made (binding_file.h).
#ifndef DEFIB_BOOT_BINDER_ANSWERS_H
#define DEFIB_BOOT_BINDER_ANSWERS_H

#include <cstdint>
#include <string>
#include <vector>

#include "boot/binder/manifest.h"
#include "engine/base/result.h"
#include "layouts/layout.h"
#include "layouts/layout_builder.h"

namespace defib::boot {

// In files: never renumbered.
enum class AnswerKind : uint32_t {
    absent = 0,  // the kernel has no such thing
    value = 1,
    from_text = 2,  // counts from _text
    scratch_address = 3,
    scratch_size = 4,
    // The kernel has it in another shape: a routine that could do without it cannot do with that.
    other = 5,
};

struct SlotAnswer {
    AnswerKind kind = AnswerKind::absent;
    uint64_t value = 0;
    // For people, where it is absent or other; -Wmissing-field-initializers wants the initializer.
    std::string missing = {};  // NOLINT(readability-redundant-member-init)

    bool operator==(const SlotAnswer&) const = default;
};

// What a view reads of its first argument, in one piece.
struct Picture {
    uint32_t offset = 0;
    uint32_t size = 0;  // 0: none

    bool operator==(const Picture&) const = default;
};

struct Answers {
    std::vector<SlotAnswer> slots;  // by the manifest's numbers
    std::vector<Picture> pictures;  // of its routines

    bool operator==(const Answers&) const = default;
};

// Fails only where nothing at all can be bound: a layout of another architecture.
Result<Answers> answers_of(const Manifest& manifest, const layouts::Layout& layout);

// Adds what the manifest asks for to what a layout is to hold.
void want(const Manifest& manifest, layouts::Wanted& wanted);

}  // namespace defib::boot

#endif
