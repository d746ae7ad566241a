// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The kinds of parts. A line here and one in FORMAT.md make a new kind; numbers are never reused.
#ifndef DEFIB_IMAGE_PART_TYPE_H
#define DEFIB_IMAGE_PART_TYPE_H

#include <cstdint>
#include <span>
#include <string_view>

namespace defib::image {

enum class PartType : uint32_t {
    engine_ptx = 1,
    engine_cubin = 2,
    engine_x86_64 = 3,
    manifest = 4,
    layout_json = 5,
    layout_binding = 6,
    policy_source = 7,
    policy = 8,
    sbom = 9,
    notices = 10,
    key_set = 11,
};

enum class Naming : uint8_t {
    single,  // at most one in an image, without a name
    named,   // any number, each with a name of its own
};

struct PartKind {
    PartType type;
    std::string_view name;
    Naming naming;
};

inline constexpr PartKind PART_KINDS[] = {
    {PartType::engine_ptx, "engine-ptx", Naming::named},
    {PartType::engine_cubin, "engine-cubin", Naming::named},
    {PartType::engine_x86_64, "engine-x86-64", Naming::single},
    {PartType::manifest, "manifest", Naming::single},
    {PartType::layout_json, "layout-json", Naming::named},
    {PartType::layout_binding, "layout-binding", Naming::named},
    {PartType::policy_source, "policy-source", Naming::single},
    {PartType::policy, "policy", Naming::named},
    {PartType::sbom, "sbom", Naming::single},
    {PartType::notices, "notices", Naming::single},
    {PartType::key_set, "key-set", Naming::single},
};

constexpr const PartKind* find_kind(uint32_t type) {
    for (const PartKind& kind : PART_KINDS) {
        if (uint32_t(kind.type) == type) return &kind;
    }
    return nullptr;
}

constexpr const PartKind* find_kind(std::string_view name) {
    for (const PartKind& kind : PART_KINDS) {
        if (kind.name == name) return &kind;
    }
    return nullptr;
}

}  // namespace defib::image

#endif
