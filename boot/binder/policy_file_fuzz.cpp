// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a compiled policy, its digests taken as right, so that what lies behind these is
// reached. What is read is a table that the engine takes, whose numbers all mean something.
#include <cstdlib>
#include <cstring>

#include "boot/binder/policy_file.h"
#include "engine/runtime/policy.h"

namespace {

using namespace defib;

void must(bool holds) {
    if (!holds) std::abort();
}

boot::Manifest small_manifest() {
    boot::Manifest manifest;
    for (const char* kind : {"view", "detector", "routine", "collector"}) {
        boot::RoutineEntry entry;
        entry.name = kind;
        entry.kind = kind;
        manifest.routines.push_back(std::move(entry));
    }
    return manifest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t DIGESTS_AT = 16;
    static const boot::Manifest MANIFEST = small_manifest();
    boot::PolicySources sources;
    if (size >= DIGESTS_AT + 96) {
        std::memcpy(sources.source.data(), data + DIGESTS_AT, 32);
        std::memcpy(sources.manifest.data(), data + DIGESTS_AT + 32, 32);
        std::memcpy(sources.binding.data(), data + DIGESTS_AT + 64, 32);
    }
    const auto read =
        boot::read_policy(std::as_bytes(std::span(data, size)), sources, MANIFEST, "fuzz");
    if (!read) return 0;
    must(runtime::check_policy(read->table));
    must(read->notes.size() * 4 <= size);
    boot::Bound bound;
    bound.routines.resize(MANIFEST.routines.size());
    must(!boot::what_is_off(read->table, MANIFEST, bound));
    for (boot::BoundRoutine& routine : bound.routines) routine.why_off = "of the fuzzer";
    must(boot::what_is_off(read->table, MANIFEST, bound).has_value() ==
         (read->table.rule_count != 0));
    return 0;
}
