// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/policy_file.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <type_traits>

#include "engine/runtime/policy.h"
#include "image/format.h"
#include "image/policy/digest.h"
#include "signing/bytes.h"

namespace defib::boot {
namespace {

using signing::ByteReader;
using signing::ByteWriter;

constexpr std::string_view MAGIC = "DEFIBPOL";
constexpr uint32_t FORMAT = 1;

// Two compilations of one source are the same bytes.
static_assert(std::has_unique_object_representations_v<DefibPolicy>);

bool is_of_kind(const Manifest& manifest, uint32_t number, std::string_view kind) {
    return number < manifest.routines.size() && manifest.routines[number].kind == kind;
}

bool is_of_manifest(const DefibPolicy& table, const Manifest& manifest) {
    const bool needs_view = table.cgroup_view != ~0U;
    if (needs_view && !is_of_kind(manifest, table.cgroup_view, "view")) return false;
    for (const DefibPolicyRule& rule : std::span(table.rules, table.rule_count)) {
        if (!is_of_kind(manifest, rule.detector, "detector")) return false;
        for (const DefibPolicyStep& step :
             std::span(rule.steps, rule.step_count + rule.finally_count)) {
            if (!is_of_kind(manifest, step.routine, "routine")) return false;
        }
    }
    return true;
}

bool is_plain_line(std::string_view text) {
    return std::ranges::all_of(text, [](char letter) { return letter >= ' ' && letter <= '~'; });
}

}  // namespace

PolicySources PolicySources::of(Bytes source, Bytes manifest, Bytes binding) {
    return {signing::digest(image::PART_PERSONAL, source),
            signing::digest(image::PART_PERSONAL, manifest),
            signing::digest(image::PART_PERSONAL, binding),
            image::digest_of_manifest(as_text(manifest))};
}

std::string write_policy(const PolicySources& sources, const PolicyFile& policy) {
    ByteWriter out;
    out.text(MAGIC);
    out.u32(FORMAT);
    out.u32(0);
    out.array(sources.source);
    out.array(sources.manifest);
    out.array(sources.binding);
    out.u32(static_cast<uint32_t>(policy.notes.size()));
    for (const std::string& note : policy.notes) {
        out.u32(static_cast<uint32_t>(note.size()));
        out.text(note);
    }
    out.u32(sizeof policy.table);
    out.bytes(std::as_bytes(std::span(&policy.table, 1)));
    return out.take();
}

Result<PolicyFile> read_policy(Bytes file, const PolicySources& sources, const Manifest& manifest,
                               const std::string& object) {
    const auto bad = [&](const char* why) {
        return fail(DEFIB_ERROR_IMAGE_POLICY, object, why,
                    "make it again with defib policy compile");
    };
    ByteReader in(file);
    if (as_text(in.take(MAGIC.size())) != MAGIC) return bad("not a compiled policy");
    if (in.u32() != FORMAT || in.u32() != 0) return bad("a policy for another defib");
    const auto source = in.take_array<32>();
    const auto made_for = in.take_array<32>();
    const auto binding = in.take_array<32>();
    if (!in.is_whole()) return bad("it is cut short");
    if (source != sources.source) return bad("it was compiled from another source");
    if (made_for != sources.manifest) return bad("it was compiled for another manifest");
    if (binding != sources.binding) return bad("it was compiled for another binding");
    PolicyFile policy;
    bool is_readable = true;
    // The list ends where the bytes do: a count that claims more allocates nothing.
    const uint32_t notes = in.u32();
    for (uint32_t i = 0; i < notes && in.is_whole(); i++) {
        policy.notes.emplace_back(as_text(in.take(in.u32())));
        is_readable = is_readable && is_plain_line(policy.notes.back());
    }
    const uint32_t size = in.u32();
    if (in.is_whole() && size != sizeof policy.table) return bad("a policy for another defib");
    const Bytes table = in.take(sizeof policy.table);
    if (!in.is_whole()) return bad("it is cut short");
    if (!is_readable || !in.rest().empty()) return bad("it holds what no policy has");
    std::memcpy(&policy.table, table.data(), table.size());
    if (!runtime::check_policy(policy.table) ||
        policy.table.manifest_digest != sources.manifest_digest ||
        !is_of_manifest(policy.table, manifest)) {
        return bad("its table is none that the engine takes");
    }
    return policy;
}

std::optional<std::string> what_is_off(const DefibPolicy& table, const Manifest& manifest,
                                       const Bound& bound) {
    const auto why_off = [&](uint32_t number) -> std::string {
        const std::string& why = bound.routines[number].why_off;
        return why.empty() ? why : manifest.routines[number].name + " is off: " + why;
    };
    for (const DefibPolicyRule& rule : std::span(table.rules, table.rule_count)) {
        std::string why = why_off(rule.detector);
        for (uint32_t i = 0;
             rule.mode == DEFIB_MODE_ACT && i < rule.step_count + rule.finally_count; i++) {
            if (why.empty()) why = why_off(rule.steps[i].routine);
        }
        if (!why.empty()) return "rules (" + std::string(rule.name) + "): " + why;
    }
    return std::nullopt;
}

}  // namespace defib::boot
