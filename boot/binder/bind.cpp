// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/bind.h"

#include <fmt/format.h>

#include <algorithm>

namespace defib::boot {
namespace {

// One answer, in a kernel that runs; or what it has not.
std::expected<uint64_t, std::string> resolve(const SlotAnswer& answer, uint64_t text,
                                             const Scratch& scratch) {
    const bool is_scratch =
        answer.kind == AnswerKind::scratch_address || answer.kind == AnswerKind::scratch_size;
    if (is_scratch && scratch.size == 0) {
        return std::unexpected("this target offers no scratch memory");
    }
    switch (answer.kind) {
        case AnswerKind::value:
            return answer.value;
        case AnswerKind::from_text:
            return text + answer.value;
        case AnswerKind::scratch_address:
            return scratch.address;
        case AnswerKind::scratch_size:
            return scratch.size;
        default:
            return std::unexpected(answer.missing);
    }
}

// A repair whose next step, collector or observer is off would end half done, or unseen.
std::string what_it_lacks(const Manifest& manifest, const Bound& bound, const RoutineEntry& entry) {
    for (const std::string* name : {&entry.collector, &entry.then, &entry.observer}) {
        const auto number = manifest.number_of(*name);
        if (name->empty() || !number || bound.routines[*number].why_off.empty()) continue;
        return fmt::format("it needs {}, which is off: {}", *name, bound.routines[*number].why_off);
    }
    return {};
}

void join(const Manifest& manifest, Bound& bound) {
    const auto number = [&](const std::string& name) {
        return name.empty() ? DEFIB_NO_ROUTINE
                            : manifest.number_of(name).value_or(DEFIB_NO_ROUTINE);
    };
    for (size_t i = 0; i < bound.routines.size(); i++) {
        const RoutineEntry& entry = manifest.routines[i];
        DefibRoutine& routine = bound.routines[i].routine;
        routine.collector = number(entry.collector);
        routine.then = number(entry.then);
        routine.observer = number(entry.observer);
        routine.undo = number(entry.undo);
        const uint32_t hook = number(entry.hook);
        routine.hook = hook == DEFIB_NO_ROUTINE ? 0 : hook + 1;
    }
    // What is off pulls along whoever needs it, and so on, at most along a whole chain.
    for (int link = 0; link <= DEFIB_CHAIN; link++) {
        for (size_t i = 0; i < bound.routines.size(); i++) {
            BoundRoutine& one = bound.routines[i];
            if (!one.why_off.empty()) continue;
            one.why_off = what_it_lacks(manifest, bound, manifest.routines[i]);
            if (!one.why_off.empty()) one.routine.state = DEFIB_ROUTINE_OFF;
        }
    }
}

}  // namespace

Result<Bound> bind(const Manifest& manifest, const Answers& answers, uint64_t text,
                   const Scratch& scratch) {
    if (answers.slots.size() != manifest.slots.size() ||
        answers.pictures.size() != manifest.routines.size()) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_BIND, "the binding", "it is of another manifest");
    }
    Bound bound;
    bound.binding.count = static_cast<uint32_t>(manifest.slots.size());
    std::vector<std::string> missing(manifest.slots.size());
    for (size_t i = 0; i < manifest.slots.size(); i++) {
        const auto value = resolve(answers.slots[i], text, scratch);
        bound.binding.values[i] = value.value_or(DEFIB_BINDING_ABSENT);
        if (!value) missing[i] = value.error();
    }
    for (size_t i = 0; i < manifest.routines.size(); i++) {
        const RoutineEntry& entry = manifest.routines[i];
        BoundRoutine one;
        for (const uint64_t slot : entry.slots) {
            if (missing[slot].empty() || !one.why_off.empty()) continue;
            const bool is_optional =
                std::ranges::find(entry.optional, slot) != entry.optional.end();
            if (is_optional && answers.slots[slot].kind != AnswerKind::other) continue;
            one.why_off = "this kernel has not: " + missing[slot];
        }
        one.routine.fuel = entry.fuel;
        if (one.why_off.empty()) {
            one.routine.state = entry.stores.empty() ? DEFIB_ROUTINE_READS : DEFIB_ROUTINE_STORES;
            one.picture_offset = answers.pictures[i].offset;
            one.picture_size = answers.pictures[i].size;
        }
        bound.routines.push_back(std::move(one));
    }
    join(manifest, bound);
    return bound;
}

Result<Bound> bind(const Manifest& manifest, const layouts::Layout& layout, uint64_t text,
                   const Scratch& scratch) {
    const auto answers = answers_of(manifest, layout);
    if (!answers) return std::unexpected(answers.error());
    return bind(manifest, *answers, text, scratch);
}

}  // namespace defib::boot
