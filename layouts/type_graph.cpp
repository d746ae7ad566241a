// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/type_graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "layouts/plain_text.h"

namespace defib::layouts {
namespace {

// Depth of what a type contains by value. Computed without recursion, because the depth is what is
// in doubt: an explicit stack, and a type met again while it is still open is a cycle.
class NestingCheck {
  public:
    NestingCheck(const TypeGraph& graph, std::string_view object)
        : graph_(graph), object_(object), depth_(graph.types.size(), UNSEEN) {}

    Result<void> run() {
        for (TypeId id = 1; id < graph_.types.size(); ++id) {
            if (depth_[id] != UNSEEN) continue;
            if (parts_of(graph_.types[id]) == 0) {
                depth_[id] = 0;
                continue;
            }
            if (auto done = walk(id); !done) return done;
        }
        return {};
    }

  private:
    static constexpr uint8_t UNSEEN = 0xff;
    static constexpr uint8_t OPEN = 0xfe;
    static_assert(MAX_NESTING < OPEN);

    struct Frame {
        TypeId id;
        uint32_t next;     // the part to look at
        uint32_t deepest;  // of the parts seen so far, counted from this type
    };

    static uint32_t parts_of(const Type& type) {
        switch (type.kind) {
            case TypeKind::structure:
            case TypeKind::union_type:
                return type.length;
            case TypeKind::array:
            case TypeKind::alias:
            case TypeKind::qualifier:
                return 1;
            default:
                return 0;
        }
    }

    TypeId part(const Type& type, uint32_t index) const {
        const bool has_members =
            type.kind == TypeKind::structure || type.kind == TypeKind::union_type;
        return has_members ? graph_.members[type.first + index].type : type.target;
    }

    Result<void> walk(TypeId root) {
        stack_.assign(1, Frame{root, 0, 0});
        depth_[root] = OPEN;
        while (!stack_.empty()) {
            Frame& top = stack_.back();
            const Type& type = graph_.types[top.id];
            if (top.next == parts_of(type)) {
                close(top);
                continue;
            }
            const TypeId child = part(type, top.next);
            if (depth_[child] == OPEN) {
                return fail(DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object_),
                            fmt::format("type {} contains itself", child));
            }
            if (depth_[child] == UNSEEN && stack_.size() <= MAX_NESTING) {
                depth_[child] = OPEN;
                stack_.push_back(Frame{child, 0, 0});
                continue;
            }
            const uint32_t below = depth_[child] == UNSEEN ? MAX_NESTING : depth_[child];
            top.deepest = std::max(top.deepest, below + 1);
            if (top.deepest > MAX_NESTING) {
                return fail(DEFIB_ERROR_LAYOUT_TOO_LARGE, std::string(object_),
                            fmt::format("type {} is nested deeper than {}", top.id, MAX_NESTING));
            }
            ++top.next;
        }
        return {};
    }

    // The parent looks at this part again and then finds its depth.
    void close(const Frame& frame) {
        depth_[frame.id] = static_cast<uint8_t>(frame.deepest);
        stack_.pop_back();
    }

    const TypeGraph& graph_;
    std::string_view object_;
    std::vector<uint8_t> depth_;
    std::vector<Frame> stack_;
};

bool is_type(const TypeGraph& graph, TypeId id) {
    return id < graph.types.size() && graph.types[id].kind != TypeKind::declaration;
}

Result<void> check_references(const TypeGraph& graph, TypeId id, std::string_view object) {
    const Type& type = graph.types[id];
    const auto bad = [&](std::string detail) {
        return fail(DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object),
                    fmt::format("type {}: {}", id, detail));
    };
    switch (type.kind) {
        case TypeKind::structure:
        case TypeKind::union_type:
            if (uint64_t{type.first} + type.length > graph.members.size()) {
                return bad("its members lie outside the list");
            }
            for (const Member& member : graph.members_of(type)) {
                if (!is_type(graph, member.type)) {
                    return bad(fmt::format("member '{}' is of type {}, which is none",
                                           printable(member.name), member.type));
                }
            }
            return {};
        case TypeKind::enumeration:
            if (uint64_t{type.first} + type.length > graph.enumerators.size()) {
                return bad("its enumerators lie outside the list");
            }
            return {};
        case TypeKind::declaration:
            return {};
        default:
            if (!is_type(graph, type.target)) {
                return bad(fmt::format("refers to type {}, which is none", type.target));
            }
            return {};
    }
}

}  // namespace

Result<void> validate(const TypeGraph& graph, std::string_view object) {
    if (graph.types.empty() || graph.types[0].kind != TypeKind::void_type) {
        return fail(DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object), "type 0 is not void");
    }
    for (TypeId id = 1; id < graph.types.size(); ++id) {
        if (auto checked = check_references(graph, id, object); !checked) return checked;
    }
    return NestingCheck(graph, object).run();
}

}  // namespace defib::layouts
