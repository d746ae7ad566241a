// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two passes over the type section. The first checks that every record lies inside it and counts;
// the second fills vectors of the right size and cannot run over the end any more. Ids may refer
// forward, so what they mean is checked last, for the graph as a whole (validate()).
#include "layouts/btf.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace defib::layouts {
namespace {

constexpr uint16_t MAGIC = 0xeb9f;
constexpr uint32_t HEADER_SIZE = 24;     // newer kernels append fields; header.size says so
constexpr uint32_t MAX_TYPES = 1 << 20;  // BTF_MAX_TYPE in include/uapi/linux/btf.h
constexpr uint32_t RECORD_SIZE = 12;     // struct btf_type, before what its kind appends

// BTF_KIND_* of include/uapi/linux/btf.h.
enum Kind : uint8_t {
    KIND_INT = 1,
    KIND_PTR,
    KIND_ARRAY,
    KIND_STRUCT,
    KIND_UNION,
    KIND_ENUM,
    KIND_FWD,
    KIND_TYPEDEF,
    KIND_VOLATILE,
    KIND_CONST,
    KIND_RESTRICT,
    KIND_FUNC,
    KIND_FUNC_PROTO,
    KIND_VAR,
    KIND_DATASEC,
    KIND_FLOAT,
    KIND_DECL_TAG,
    KIND_TYPE_TAG,
    KIND_ENUM64,
    KIND_END,
};

// Bytes that follow a record: a fixed part, and one per element that the record counts.
struct Tail {
    uint8_t fixed;
    uint8_t each;
};
constexpr std::array<Tail, KIND_END> TAILS = [] {
    std::array<Tail, KIND_END> tails{};
    tails[KIND_INT] = {4, 0};
    tails[KIND_ARRAY] = {12, 0};
    tails[KIND_STRUCT] = {0, 12};
    tails[KIND_UNION] = {0, 12};
    tails[KIND_ENUM] = {0, 8};
    tails[KIND_FUNC_PROTO] = {0, 8};
    tails[KIND_VAR] = {4, 0};
    tails[KIND_DATASEC] = {0, 12};
    tails[KIND_DECL_TAG] = {4, 0};
    tails[KIND_ENUM64] = {0, 12};
    return tails;
}();

template <class T>
T load(const std::byte* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

// struct btf_type.
struct Record {
    uint32_t name;
    uint32_t info;
    uint32_t size_or_type;

    static Record at(const std::byte* p) {
        return {load<uint32_t>(p), load<uint32_t>(p + 4), load<uint32_t>(p + 8)};
    }
    // Five bits; until 5.16 the kernel defined four, and the fifth was zero.
    uint8_t kind() const { return (info >> 24) & 0x1f; }
    uint32_t length() const { return info & 0xffff; }
    bool flag() const { return (info >> 31) != 0; }
};

struct Sections {
    Bytes types;
    std::string_view strings;
};

class Blame {
  public:
    explicit Blame(std::string_view object) : object_(object) {}
    std::unexpected<Error> operator()(ErrorCode code, std::string detail,
                                      std::string advice = {}) const {
        return fail(code, std::string(object_), std::move(detail), std::move(advice));
    }

  private:
    std::string_view object_;
};

Result<Sections> find_sections(Bytes blob, const Blame& blame) {
    if (blob.size() < 2) {
        return blame(DEFIB_ERROR_LAYOUT_TRUNCATED, "ends inside the BTF header");
    }
    const auto magic = load<uint16_t>(blob.data());
    if (magic == __builtin_bswap16(MAGIC)) {
        return blame(DEFIB_ERROR_LAYOUT_UNSUPPORTED, "BTF of the other byte order",
                     "defib reads little-endian kernels only");
    }
    if (magic != MAGIC) return blame(DEFIB_ERROR_LAYOUT_MALFORMED, "does not begin as BTF does");
    if (blob.size() < HEADER_SIZE) {
        return blame(DEFIB_ERROR_LAYOUT_TRUNCATED, "ends inside the BTF header");
    }
    const auto version = load<uint8_t>(blob.data() + 2);
    if (version != 1) {
        return blame(DEFIB_ERROR_LAYOUT_UNSUPPORTED, fmt::format("BTF version {}", version));
    }
    const auto header_size = load<uint32_t>(blob.data() + 4);
    if (header_size < HEADER_SIZE || header_size > blob.size()) {
        return blame(DEFIB_ERROR_LAYOUT_MALFORMED,
                     fmt::format("BTF header of {} bytes", header_size));
    }
    const Bytes body = blob.subspan(header_size);
    const auto section = [&](size_t field, std::string_view what) -> Result<Bytes> {
        const auto offset = load<uint32_t>(blob.data() + field);
        const auto size = load<uint32_t>(blob.data() + field + 4);
        if (uint64_t{offset} + size > body.size()) {
            return blame(DEFIB_ERROR_LAYOUT_TRUNCATED,
                         fmt::format("its {} end at byte {} of {}", what,
                                     uint64_t{header_size} + offset + size, blob.size()));
        }
        return body.subspan(offset, size);
    };
    const auto types = section(8, "types");
    if (!types) return std::unexpected(types.error());
    const auto strings = section(16, "strings");
    if (!strings) return std::unexpected(strings.error());
    return Sections{*types, as_text(*strings)};
}

class Reader {
  public:
    explicit Reader(std::string_view object) : object_(object), blame_(object) {
        graph_.types.resize(1);
    }

    Result<void> add_kernel(Bytes blob) {
        const auto sections = find_sections(blob, blame_);
        if (!sections) return std::unexpected(sections.error());
        // A kernel's strings begin with the empty one; a module's go on from there
        // (btf_parse_str_sec() in kernel/bpf/btf.c).
        if (!sections->strings.empty() && sections->strings.front() != '\0') {
            return blame_(DEFIB_ERROR_LAYOUT_BASE_NEEDED, "these are a module's types",
                          "name its kernel's BTF as well");
        }
        if (sections->strings.empty()) {
            return blame_(DEFIB_ERROR_LAYOUT_MALFORMED, "it has no strings");
        }
        return add(*sections);
    }

    Result<void> add_module(Bytes blob) {
        const auto sections = find_sections(blob, blame_);
        if (!sections) return std::unexpected(sections.error());
        return add(*sections);
    }

    Result<TypeGraph> finish() && {
        graph_.pointer_size = size_of_long();
        if (auto valid = validate(graph_, object_); !valid) return std::unexpected(valid.error());
        if (has_narrow_integers_) turn_narrow_integers_into_bit_fields();
        return std::move(graph_);
    }

  private:
    Result<void> add(const Sections& sections) {
        // Names are read as C strings from anywhere in the table, so its last byte must end one.
        if (!sections.strings.empty() && sections.strings.back() != '\0') {
            return blame_(DEFIB_ERROR_LAYOUT_MALFORMED, "its strings do not end");
        }
        base_strings_ = strings_;
        strings_ = sections.strings;
        if (auto counted = count(sections.types); !counted) return counted;
        return fill(sections.types);
    }

    Result<void> count(Bytes types) {
        size_t count = 0;
        size_t members = 0;
        size_t enumerators = 0;
        for (size_t at = 0; at < types.size(); ++count) {
            const size_t id = graph_.types.size() + count;
            if (types.size() - at < RECORD_SIZE) return ends_inside(id);
            const Record record = Record::at(types.data() + at);
            const uint8_t kind = record.kind();
            if (kind == 0 || kind >= KIND_END) {
                return blame_(DEFIB_ERROR_LAYOUT_UNSUPPORTED,
                              fmt::format("type {} is of kind {}, which is unknown", id, kind));
            }
            const size_t tail = TAILS[kind].fixed + size_t{TAILS[kind].each} * record.length();
            if (types.size() - at - RECORD_SIZE < tail) return ends_inside(id);
            at += RECORD_SIZE + tail;
            if (kind == KIND_STRUCT || kind == KIND_UNION) members += record.length();
            if (kind == KIND_ENUM || kind == KIND_ENUM64) enumerators += record.length();
        }
        if (graph_.types.size() + count > MAX_TYPES) {
            return blame_(DEFIB_ERROR_LAYOUT_TOO_LARGE, fmt::format("{} types", count));
        }
        graph_.types.reserve(graph_.types.size() + count);
        graph_.members.reserve(graph_.members.size() + members);
        graph_.enumerators.reserve(graph_.enumerators.size() + enumerators);
        return {};
    }

    std::unexpected<Error> ends_inside(size_t id) const {
        return blame_(DEFIB_ERROR_LAYOUT_TRUNCATED,
                      fmt::format("the type section ends inside type {}", id));
    }

    Result<void> fill(Bytes types) {
        for (size_t at = 0; at < types.size();) {
            const Record record = Record::at(types.data() + at);
            const std::byte* tail = types.data() + at + RECORD_SIZE;
            if (!add_type(record, tail)) {
                return blame_(
                    DEFIB_ERROR_LAYOUT_MALFORMED,
                    fmt::format("type {}: a name lies outside the strings", graph_.types.size()));
            }
            at += RECORD_SIZE + TAILS[record.kind()].fixed +
                  size_t{TAILS[record.kind()].each} * record.length();
        }
        return {};
    }

    // Each of these gives false when a name lies outside the strings.
    [[nodiscard]] bool add_type(const Record& record, const std::byte* tail) {
        Type type;
        if (!name_at(record.name, type.name)) return false;
        switch (record.kind()) {
            case KIND_INT:
                read_integer(record, load<uint32_t>(tail), type);
                break;
            case KIND_FLOAT:
                type.kind = TypeKind::floating;
                type.size = record.size_or_type;
                break;
            case KIND_PTR:
                type.kind = TypeKind::pointer;
                type.target = record.size_or_type;
                break;
            case KIND_ARRAY:
                type.kind = TypeKind::array;
                type.target = load<uint32_t>(tail);
                type.count = load<uint32_t>(tail + 8);
                break;
            case KIND_STRUCT:
            case KIND_UNION:
                if (!read_members(record, tail, type)) return false;
                break;
            case KIND_ENUM:
            case KIND_ENUM64:
                if (!read_enumerators(record, tail, type)) return false;
                break;
            case KIND_FWD:
                type.kind = TypeKind::forward;
                break;
            case KIND_TYPEDEF:
                type.kind = TypeKind::alias;
                type.target = record.size_or_type;
                break;
            case KIND_VOLATILE:
            case KIND_CONST:
            case KIND_RESTRICT:
            case KIND_TYPE_TAG:
                type.kind = TypeKind::qualifier;
                type.target = record.size_or_type;
                break;
            case KIND_FUNC_PROTO:
                type.kind = TypeKind::function;
                type.target = record.size_or_type;
                break;
            default:
                type.kind = TypeKind::declaration;
                break;
        }
        graph_.types.push_back(type);
        return true;
    }

    // BTF_INT_ENCODING, BTF_INT_OFFSET, BTF_INT_BITS.
    void read_integer(const Record& record, uint32_t data, Type& type) {
        const uint32_t encoding = (data >> 24) & 0xf;
        type.kind = TypeKind::integer;
        type.size = record.size_or_type;
        type.encoding = (encoding & 4) != 0   ? Encoding::boolean
                        : (encoding & 2) != 0 ? Encoding::character
                        : (encoding & 1) != 0 ? Encoding::is_signed
                                              : Encoding::is_unsigned;
        // first and length are free in an integer; see turn_narrow_integers_into_bit_fields().
        type.first = (data >> 16) & 0xff;
        type.length = data & 0xff;
        if (type.first != 0 || type.length != type.size * 8) has_narrow_integers_ = true;
    }

    [[nodiscard]] bool read_members(const Record& record, const std::byte* tail, Type& type) {
        type.kind = record.kind() == KIND_STRUCT ? TypeKind::structure : TypeKind::union_type;
        type.size = record.size_or_type;
        type.first = static_cast<uint32_t>(graph_.members.size());
        type.length = record.length();
        for (uint32_t i = 0; i < type.length; ++i, tail += 12) {
            Member& member = graph_.members.emplace_back();
            if (!name_at(load<uint32_t>(tail), member.name)) return false;
            member.type = load<uint32_t>(tail + 4);
            const auto place = load<uint32_t>(tail + 8);
            // With the flag the upper byte is a bit-field's width, else all of it is the offset.
            member.bit_offset = record.flag() ? place & 0xffffff : place;
            member.bit_size = record.flag() ? place >> 24 : 0;
        }
        return true;
    }

    [[nodiscard]] bool read_enumerators(const Record& record, const std::byte* tail, Type& type) {
        type.kind = TypeKind::enumeration;
        type.size = record.size_or_type;
        type.encoding = record.flag() ? Encoding::is_signed : Encoding::is_unsigned;
        type.first = static_cast<uint32_t>(graph_.enumerators.size());
        type.length = record.length();
        const bool is_wide = record.kind() == KIND_ENUM64;
        for (uint32_t i = 0; i < type.length; ++i, tail += is_wide ? 12 : 8) {
            Enumerator& enumerator = graph_.enumerators.emplace_back();
            if (!name_at(load<uint32_t>(tail), enumerator.name)) return false;
            const auto low = load<uint32_t>(tail + 4);
            if (is_wide) {
                const uint64_t high = load<uint32_t>(tail + 8);
                enumerator.value = static_cast<int64_t>(high << 32 | low);
            } else {
                enumerator.value =
                    record.flag() ? int64_t{static_cast<int32_t>(low)} : int64_t{low};
            }
        }
        return true;
    }

    [[nodiscard]] bool name_at(uint32_t offset, std::string_view& name) const {
        if (offset < base_strings_.size()) {
            name = base_strings_.data() + offset;
            return true;
        }
        if (offset - base_strings_.size() >= strings_.size()) return false;
        name = strings_.data() + (offset - base_strings_.size());
        return true;
    }

    // Before kernel 5.0 a bit-field was a member of an integer type that is narrower than its own
    // bytes (btf_int_check_member() in kernel/bpf/btf.c still takes both forms). The graph knows
    // one form only: the width stands at the member.
    void turn_narrow_integers_into_bit_fields() {
        for (Member& member : graph_.members) {
            if (member.bit_size != 0) continue;
            const Type* type = &graph_.types[member.type];
            while (type->kind == TypeKind::alias || type->kind == TypeKind::qualifier) {
                type = &graph_.types[type->target];
            }
            if (type->kind != TypeKind::integer) continue;
            if (type->first == 0 && type->length == type->size * 8) continue;
            member.bit_size = type->length;
            member.bit_offset += type->first;
        }
    }

    // BTF does not say how wide a pointer is; in Linux it is as wide as long.
    uint8_t size_of_long() const {
        for (const Type& type : graph_.types) {
            if (type.kind != TypeKind::integer) continue;
            if (type.name == "long unsigned int" || type.name == "unsigned long") {
                return type.size == 4 ? 4 : 8;
            }
        }
        return 8;
    }

    std::string_view object_;
    Blame blame_;
    TypeGraph graph_;
    std::string_view base_strings_;
    std::string_view strings_;
    bool has_narrow_integers_ = false;
};

}  // namespace

bool looks_like_btf(Bytes blob) {
    if (blob.size() < HEADER_SIZE) return false;
    const auto magic = load<uint16_t>(blob.data());
    return magic == MAGIC || magic == __builtin_bswap16(MAGIC);
}

Result<TypeGraph> read_btf(Bytes blob, std::string_view object) {
    Reader reader(object);
    if (auto added = reader.add_kernel(blob); !added) return std::unexpected(added.error());
    return std::move(reader).finish();
}

Result<TypeGraph> read_split_btf(Bytes base, Bytes split, std::string_view object) {
    Reader reader(object);
    if (auto added = reader.add_kernel(base); !added) return std::unexpected(added.error());
    if (auto added = reader.add_module(split); !added) return std::unexpected(added.error());
    return std::move(reader).finish();
}

}  // namespace defib::layouts
