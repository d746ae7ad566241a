// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Text to layout, refusing whatever layouts/schema/layout.schema.json would. The first violation
// ends it; every function says with false that there was one.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "layouts/json_value.h"
#include "layouts/kind_names.h"
#include "layouts/layout_json.h"
#include "layouts/plain_text.h"

namespace defib::layouts {
namespace {

// No kernel has a structure, an offset or an array beyond this; sums of a few stay in range.
constexpr uint64_t MAX_SIZE = uint64_t{1} << 48;

class LayoutReader {
  public:
    explicit LayoutReader(std::string_view object) : object_(object) {}

    Result<Layout> read(const JsonValue& root) {
        if (!read_root(root)) {
            return fail(DEFIB_ERROR_LAYOUT_SCHEMA, std::string(object_), std::move(complaint_));
        }
        return std::move(layout_);
    }

  private:
    // Where in the text we are, for the complaint.
    class Inside {
      public:
        Inside(std::vector<std::string_view>& path, std::string_view name) : path_(path) {
            path_.push_back(name);
        }
        ~Inside() { path_.pop_back(); }
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;

      private:
        std::vector<std::string_view>& path_;
    };

    bool complain(std::string_view what) {
        complaint_ = fmt::format("{}{}{}", fmt::join(path_, "."), path_.empty() ? "" : ": ", what);
        return false;
    }

    // Hands each entry of an object to `take`; the keys in `needed` must be among them.
    template <class Take>
    bool entries(const JsonValue& json, std::initializer_list<std::string_view> needed, Take take) {
        const auto* object = json.get<JsonValue::Object>();
        if (!object) return complain("is no object");
        for (const std::string_view name : needed) {
            const auto has_name = [&](const auto& entry) { return entry.name == name; };
            if (std::ranges::none_of(*object, has_name)) {
                return complain(fmt::format("'{}' is missing", name));
            }
        }
        for (const auto& [name, value] : *object) {
            const Inside inside(path_, name);
            if (!take(name, value)) return false;
        }
        return true;
    }

    bool unknown_key() { return complain("is not a key that is known here"); }

    bool boolean(const JsonValue& json, bool& out) {
        const auto* value = json.get<bool>();
        if (!value) return complain("is neither true nor false");
        out = *value;
        return true;
    }

    bool size(const JsonValue& json, uint64_t& out, uint64_t limit = MAX_SIZE) {
        const auto* value = json.get<uint64_t>();
        if (!value || *value > limit) return complain(fmt::format("is not from 0 to {}", limit));
        out = *value;
        return true;
    }

    bool small(const JsonValue& json, uint32_t& out, uint32_t limit) {
        uint64_t value = 0;
        if (!size(json, value, limit)) return false;
        out = static_cast<uint32_t>(value);
        return true;
    }

    bool number(const JsonValue& json, int64_t& out) {
        if (const auto* negative = json.get<int64_t>()) {
            out = *negative;
            return true;
        }
        const auto* value = json.get<uint64_t>();
        if (!value || *value > INT64_MAX) return complain("is no number of 64 bits with sign");
        out = static_cast<int64_t>(*value);
        return true;
    }

    bool text(const JsonValue& json, std::string& out) {
        const auto* value = json.get<std::string>();
        if (!value || value->empty()) return complain("is no text");
        if (!is_plain(std::string_view(*value)))
            return complain("holds characters that are not printable ASCII");
        out = *value;
        return true;
    }

    bool flag(const JsonValue& json, std::optional<bool>& out) {
        return boolean(json, out.emplace());
    }

    bool read_root(const JsonValue& root) {
        // The version first: of another version's text nothing else can be judged.
        const auto* object = root.get<JsonValue::Object>();
        if (!object) return complain("is no object");
        for (const auto& [name, value] : *object) {
            if (name != "schema") continue;
            const auto* version = value.get<uint64_t>();
            if (version && *version == LAYOUT_SCHEMA_VERSION) continue;
            return complain(fmt::format("its schema version is not {}, which this defib reads",
                                        LAYOUT_SCHEMA_VERSION));
        }
        return entries(root, {"schema", "kernel", "structs", "enums", "constants", "symbols"},
                       [&](std::string_view name, const JsonValue& value) {
                           if (name == "schema") return true;
                           if (name == "kernel") return read_kernel(value);
                           if (name == "structs") return read_structs(value);
                           if (name == "enums") return read_enums(value);
                           if (name == "constants") return read_constants(value);
                           if (name == "symbols") return read_symbols(value);
                           return unknown_key();
                       });
    }

    bool read_kernel(const JsonValue& json) {
        KernelIdentity& kernel = layout_.kernel;
        return entries(json, {}, [&](std::string_view name, const JsonValue& value) {
            if (name == "architecture") return text(value, kernel.architecture);
            if (name == "release") return text(value, kernel.release);
            if (name == "banner") return text(value, kernel.banner);
            if (name == "build_id") return text(value, kernel.build_id);
            if (name == "btf_digest") return text(value, kernel.btf_digest);
            if (name == "smp") return flag(value, kernel.smp);
            if (name == "preempt_rt") return flag(value, kernel.preempt_rt);
            if (name == "randstruct") return flag(value, kernel.randstruct);
            if (name == "page_table_levels") return read_levels(value, kernel.page_table_levels);
            return unknown_key();
        });
    }

    bool read_levels(const JsonValue& json, std::vector<int>& levels) {
        const auto* array = json.get<JsonValue::Array>();
        if (!array || array->empty() || array->size() > 4) return complain("is no list of levels");
        for (const JsonValue& element : *array) {
            const auto* value = element.get<uint64_t>();
            if (!value || *value < 2 || *value > 5) return complain("has a level not from 2 to 5");
            levels.push_back(static_cast<int>(*value));
        }
        return true;
    }

    bool read_structs(const JsonValue& json) {
        return entries(json, {}, [&](const std::string& name, const JsonValue& value) {
            return read_struct(value, layout_.structs[name]);
        });
    }

    bool read_struct(const JsonValue& json, LayoutStruct& structure) {
        return entries(json, {"size", "members"},
                       [&](std::string_view name, const JsonValue& value) {
                           if (name == "size") return size(value, structure.size);
                           if (name == "union") return boolean(value, structure.is_union);
                           if (name == "partial") return boolean(value, structure.is_partial);
                           if (name == "members") return read_members(value, structure.members);
                           return unknown_key();
                       });
    }

    bool read_members(const JsonValue& json, std::vector<LayoutMember>& members) {
        uint64_t last_bit = 0;
        return entries(json, {}, [&](const std::string& name, const JsonValue& value) {
            LayoutMember& member = members.emplace_back();
            member.name = name;
            if (!read_member(value, member)) return false;
            if (member.first_bit() < last_bit) return complain("is out of order");
            last_bit = member.first_bit();
            return true;
        });
    }

    bool read_member(const JsonValue& json, LayoutMember& member) {
        bool has_type = false;
        const bool is_read =
            entries(json, {"offset", "size"}, [&](std::string_view name, const JsonValue& value) {
                if (name == "offset") return size(value, member.offset);
                if (name == "size") return size(value, member.size);
                if (name == "kind") return read_kind(value, member.kind);
                if (name == "signed") return boolean(value, member.is_signed);
                if (name == "bit_offset") return small(value, member.bit_offset, 63);
                if (name == "bit_size") return small(value, member.bit_size, 64);
                if (name == "array") return read_dimensions(value, member.array);
                if (name == "target") return text(value, member.target);
                if (name == "depth") return small(value, member.depth, 255);
                if (name == "shared") return boolean(value, member.is_shared);
                if (name != "type") return unknown_key();
                has_type = true;
                return text(value, member.type);
            });
        if (!is_read) return false;
        if (!has_type) member.type = member.target;
        const bool points =
            member.kind == MemberKind::pointer || member.kind == MemberKind::function;
        if (!points && member.depth != 0) return complain("has a depth, but is no pointer");
        if (points && member.depth == 0) member.depth = 1;
        if (member.bit_size == 0) {
            return member.bit_offset == 0 || complain("has a bit offset, but no bit size");
        }
        return member.bit_offset + uint64_t{member.bit_size} <= member.size * 8 ||
               complain("is a bit-field that its unit does not hold");
    }

    bool read_kind(const JsonValue& json, MemberKind& kind) {
        const auto* name = json.get<std::string>();
        const auto found = name ? kind_of_name(*name) : std::nullopt;
        if (!found) return complain("is no kind that is known");
        kind = *found;
        return true;
    }

    bool read_dimensions(const JsonValue& json, std::vector<uint64_t>& dimensions) {
        const auto* array = json.get<JsonValue::Array>();
        if (!array || array->empty()) return complain("is no list of dimensions");
        for (const JsonValue& element : *array) {
            if (!size(element, dimensions.emplace_back())) return false;
        }
        return true;
    }

    bool read_enums(const JsonValue& json) {
        return entries(json, {}, [&](const std::string& name, const JsonValue& value) {
            return read_enum(value, layout_.enums[name]);
        });
    }

    bool read_enum(const JsonValue& json, LayoutEnum& enumeration) {
        const JsonValue* values = nullptr;
        const bool is_read =
            entries(json, {"size", "values"}, [&](std::string_view name, const JsonValue& value) {
                if (name == "size") return size(value, enumeration.size, 8);
                if (name == "signed") {
                    return boolean(value, enumeration.is_signed);
                }
                if (name != "values") return unknown_key();
                values = &value;
                return true;
            });
        if (!is_read) return false;
        const Inside inside(path_, "values");
        return entries(*values, {}, [&](const std::string& name, const JsonValue& value) {
            int64_t& out = enumeration.values.emplace_back(name, 0).second;
            const auto* large = value.get<uint64_t>();
            if (!enumeration.is_signed && large) {
                out = static_cast<int64_t>(*large);
                return true;
            }
            return enumeration.is_signed ? number(value, out) : complain("is negative");
        });
    }

    // Constants stand under their source, so one name could stand under two.
    bool read_constants(const JsonValue& json) {
        return entries(json, {}, [&](const std::string& source, const JsonValue& group) {
            return entries(group, {}, [&](const std::string& name, const JsonValue& value) {
                LayoutConstant constant{0, source};
                if (!number(value, constant.value)) return false;
                return layout_.constants.emplace(name, std::move(constant)).second ||
                       complain("has two values");
            });
        });
    }

    bool read_symbols(const JsonValue& json) {
        return entries(json, {"offset", "absolute"},
                       [&](std::string_view place, const JsonValue& group) {
                           if (place == "room") return read_rooms(group);
                           if (place != "offset" && place != "absolute") return unknown_key();
                           return read_symbols_of(group, place == "absolute");
                       });
    }

    bool read_symbols_of(const JsonValue& json, bool are_absolute) {
        return entries(json, {}, [&](const std::string& name, const JsonValue& value) {
            LayoutSymbol symbol{0, are_absolute};
            if (!number(value, symbol.value)) return false;
            return layout_.symbols.emplace(name, symbol).second || complain("has two places");
        });
    }

    // Behind the places, as they are written.
    bool read_rooms(const JsonValue& json) {
        return entries(json, {}, [&](const std::string& name, const JsonValue& value) {
            const auto symbol = layout_.symbols.find(name);
            if (symbol == layout_.symbols.end()) return complain("has a room and no place");
            return size(value, symbol->second.room);
        });
    }

    std::string_view object_;
    std::string complaint_;
    std::vector<std::string_view> path_;
    Layout layout_;
};

}  // namespace

Result<Layout> read_layout(std::string_view json, std::string_view object) {
    const auto root = parse_json(json, object);
    if (!root) return std::unexpected(root.error());
    return LayoutReader(object).read(*root);
}

}  // namespace defib::layouts
