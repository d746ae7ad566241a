// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/dwarf/unit_reader.h"

#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugAbbrev.h>
#include <llvm/DebugInfo/DWARF/DWARFFormValue.h>
#include <llvm/DebugInfo/DWARF/DWARFUnit.h>

#include <cstring>
#include <optional>
#include <string>

namespace defib::layouts {

using namespace llvm::dwarf;

namespace {

// Entries nest as blocks of code do; these bound a walk over damaged data.
constexpr size_t MOST_DEPTH = 1024;

constexpr const char* CUT = "an entry that ends outside its unit";
constexpr const char* OUTSIDE = "a reference to a type outside its unit (link-time optimisation?)";

// One attribute's value. Strings stay references until they are wanted: most names are.
struct Value {
    enum Kind : uint8_t { none, number, text, reference, block } kind = none;
    uint64_t bits = 0;  // of a reference: the offset in the unit
    // Not redundant: clang warns of a designated initializer that leaves it out.
    std::string_view string{};  // NOLINT(readability-redundant-member-init)
    uint8_t bytes = 0;          // of a number of fixed width
    bool is_signed = false;
};

// What an entry may say that types need.
struct Entry {
    std::string_view name;
    uint32_t type = NO_TYPE;  // an offset in the unit, until it is resolved
    uint64_t byte_size = 0;
    uint64_t sibling = 0;
    uint64_t location = 0;  // DW_AT_data_member_location
    uint64_t bit_size = 0;
    std::optional<uint64_t> data_bit_offset;
    std::optional<uint64_t> old_bit_offset;
    std::optional<uint64_t> count;
    uint64_t constant = 0;
    uint64_t encoding = 0;
    bool is_declaration = false;
};

uint64_t dimension_of(const Value& upper) {
    if (upper.kind != Value::number) return 0;  // computed at run time
    // int x[0] has the upper bound -1, in as many bytes as the compiler saw fit.
    if (upper.bytes >= 4 && upper.bytes < 8 && upper.bits == UINT32_MAX) return 0;
    return upper.bits + 1;
}

Encoding encoding_of(uint64_t dwarf) {
    switch (dwarf) {
        case DW_ATE_boolean:
            return Encoding::boolean;
        case DW_ATE_signed:
        case DW_ATE_signed_char:
            return Encoding::is_signed;
        default:
            return Encoding::is_unsigned;
    }
}

bool is_float(uint64_t dwarf) {
    return dwarf == DW_ATE_float || dwarf == DW_ATE_complex_float ||
           dwarf == DW_ATE_imaginary_float || dwarf == DW_ATE_decimal_float;
}

TypeKind kind_of(Tag tag) {
    switch (tag) {
        case DW_TAG_base_type:
            return TypeKind::integer;
        case DW_TAG_pointer_type:
            return TypeKind::pointer;
        case DW_TAG_structure_type:
            return TypeKind::structure;
        case DW_TAG_union_type:
            return TypeKind::union_type;
        case DW_TAG_enumeration_type:
            return TypeKind::enumeration;
        case DW_TAG_typedef:
            return TypeKind::alias;
        case DW_TAG_const_type:
        case DW_TAG_volatile_type:
        case DW_TAG_restrict_type:
        case DW_TAG_atomic_type:
            return TypeKind::qualifier;
        case DW_TAG_array_type:
            return TypeKind::array;
        case DW_TAG_subroutine_type:
            return TypeKind::function;
        case DW_TAG_unspecified_type:
            return TypeKind::forward;
        default:
            return TypeKind::void_type;
    }
}

}  // namespace

class UnitReader::Walk {
  public:
    Walk(UnitReader& reader, llvm::DWARFUnit& unit, std::string_view object)
        : reader_(reader),
          out_(reader.types_),
          unit_(unit),
          object_(object),
          data_(unit.getDebugInfoExtractor().getData()),
          at_(unit.getOffset() + unit.getHeaderSize()),
          end_(std::min<uint64_t>(unit.getNextUnitOffset(), data_.size())),
          address_size_(unit.getAddressByteSize()),
          offset_size_(unit.getDwarfOffsetByteSize()),
          reference_size_(unit.getFormParams().getRefAddrByteSize()),
          strings_(unit.getStringExtractor().getData()),
          line_strings_(unit.getContext().getDWARFObj().getLineStrSection()) {}

    Result<void> run() {
        abbreviations_ = unit_.getAbbreviations();
        if (!abbreviations_) return malformed("no abbreviations");
        if (end_ - unit_.getOffset() >= UINT32_MAX) return malformed("a unit over 4 GiB");
        reader_.index_at_.resize(std::max(reader_.index_at_.size(), end_ - unit_.getOffset()));
        if (auto walked = walk(); !walked) return walked;
        return resolve();
    }

  private:
    static constexpr uint32_t NOTHING = UINT32_MAX;
    static constexpr size_t NO_CHILDREN = SIZE_MAX;  // in place of a depth

    // An entry whose children are being read.
    struct Frame {
        uint32_t type;  // index into the types, or NOTHING
        Tag tag;
    };

    // One entry and all that it holds.
    Result<void> walk() {
        do {
            if (at_ >= end_) return malformed(CUT);
            const uint64_t offset = at_;
            const uint64_t code = uleb();
            if (code == 0) {
                if (frames_.empty()) break;
                close();
                continue;
            }
            const auto* abbreviation =
                code <= UINT32_MAX
                    ? abbreviations_->getAbbreviationDeclaration(static_cast<uint32_t>(code))
                    : nullptr;
            if (!abbreviation) return malformed("an entry of an unknown form");
            Entry entry;
            for (const auto& attribute : abbreviation->attributes()) take(attribute, entry);
            if (is_broken_) return malformed(CUT);
            handle(*abbreviation, entry, static_cast<uint32_t>(offset - unit_.getOffset()));
            if (frames_.size() > MOST_DEPTH) return malformed("entries nested too deep");
        } while (!frames_.empty());
        return {};
    }

    std::unexpected<Error> malformed(const char* what) const {
        return fail(DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object_),
                    ".debug_info at " + std::to_string(at_) + ": " + what);
    }

    template <class T>
    T fixed() {
        T value{};
        if (end_ - at_ < sizeof(T)) {
            is_broken_ = true;
            return value;
        }
        std::memcpy(&value, data_.data() + at_, sizeof(T));
        at_ += sizeof(T);
        return value;
    }

    uint64_t sized(unsigned bytes) {
        switch (bytes) {
            case 1:
                return fixed<uint8_t>();
            case 2:
                return fixed<uint16_t>();
            case 4:
                return fixed<uint32_t>();
            case 8:
                return fixed<uint64_t>();
            default:
                is_broken_ = true;
                return 0;
        }
    }

    uint64_t uleb() {
        uint64_t value = 0;
        for (unsigned shift = 0; at_ < end_; shift += 7) {
            const auto byte = static_cast<uint8_t>(data_[at_++]);
            if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return value;
        }
        is_broken_ = true;
        return 0;
    }

    int64_t sleb() {
        uint64_t value = 0;
        for (unsigned shift = 0; at_ < end_;) {
            const auto byte = static_cast<uint8_t>(data_[at_++]);
            if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
            shift += 7;
            if ((byte & 0x80) != 0) continue;
            if (shift < 64 && (byte & 0x40) != 0) value |= ~uint64_t{0} << shift;
            return static_cast<int64_t>(value);
        }
        is_broken_ = true;
        return 0;
    }

    void skip(uint64_t bytes) {
        if (bytes > end_ - at_) {
            is_broken_ = true;
        } else {
            at_ += bytes;
        }
    }

    static std::string_view text_in(llvm::StringRef section, uint64_t offset) {
        if (offset >= section.size()) return {};
        const char* start = section.data() + offset;
        return {start, strnlen(start, section.size() - offset)};
    }

    Value inline_text() {
        Value value{Value::text, 0, text_in(data_.substr(0, end_), at_)};
        skip(value.string.size() + 1);
        return value;
    }

    Value number(uint64_t bits, uint8_t bytes) {
        return {.kind = Value::number, .bits = bits, .bytes = bytes};
    }
    Value text(std::string_view string) { return {.kind = Value::text, .string = string}; }
    Value reference(uint64_t offset) { return {.kind = Value::reference, .bits = offset}; }

    // A location is a constant, or an expression that adds one (gcc before DWARF 3).
    Value block(uint64_t length) {
        Value value{.kind = Value::block};
        const uint64_t start = at_;
        skip(length);
        if (is_broken_ || length < 2 || data_[start] != DW_OP_plus_uconst) return value;
        at_ = start + 1;
        value = number(uleb(), 0);
        at_ = start + length;
        return value;
    }

    // The forms that kernels' C units are made of; LLVM knows the others.
    Value decode(const llvm::DWARFAbbreviationDeclaration::AttributeSpec& attribute) {
        switch (attribute.Form) {
            case DW_FORM_data1:
            case DW_FORM_flag:
                return number(fixed<uint8_t>(), 1);
            case DW_FORM_data2:
                return number(fixed<uint16_t>(), 2);
            case DW_FORM_data4:
                return number(fixed<uint32_t>(), 4);
            case DW_FORM_data8:
                return number(fixed<uint64_t>(), 8);
            case DW_FORM_udata:
                return number(uleb(), 0);
            case DW_FORM_sdata:
                return number(static_cast<uint64_t>(sleb()), 0);
            case DW_FORM_flag_present:
                return number(1, 0);
            case DW_FORM_implicit_const:
                return number(static_cast<uint64_t>(attribute.getImplicitConstValue()), 0);
            case DW_FORM_string:
                return inline_text();
            case DW_FORM_strp:
                return text(text_in(strings_, sized(offset_size_)));
            case DW_FORM_line_strp:
                return text(text_in(line_strings_, sized(offset_size_)));
            case DW_FORM_ref1:
                return reference(fixed<uint8_t>());
            case DW_FORM_ref2:
                return reference(fixed<uint16_t>());
            case DW_FORM_ref4:
                return reference(fixed<uint32_t>());
            case DW_FORM_ref8:
                return reference(fixed<uint64_t>());
            case DW_FORM_ref_udata:
                return reference(uleb());
            case DW_FORM_ref_addr:
                return reference(sized(reference_size_) - unit_.getOffset());
            case DW_FORM_addr:
                skip(address_size_);
                return {};
            case DW_FORM_sec_offset:
                skip(offset_size_);
                return {};
            case DW_FORM_exprloc:
                return block(uleb());
            case DW_FORM_block1:
                return block(fixed<uint8_t>());
            case DW_FORM_block2:
                return block(fixed<uint16_t>());
            case DW_FORM_block4:
                return block(fixed<uint32_t>());
            default:
                return decode_by_llvm(attribute);
        }
    }

    Value decode_by_llvm(const llvm::DWARFAbbreviationDeclaration::AttributeSpec& attribute) {
        // extractValue() takes for granted what skipValue() checks.
        uint64_t behind = at_;
        if (!llvm::DWARFFormValue::skipValue(attribute.Form, unit_.getDebugInfoExtractor(), &behind,
                                             unit_.getFormParams()) ||
            behind > end_) {
            is_broken_ = true;
            return {};
        }
        llvm::DWARFFormValue form = attribute.getFormValue();
        if (!form.extractValue(unit_.getDebugInfoExtractor(), &at_, unit_.getFormParams(),
                               &unit_.getContext(), &unit_) ||
            at_ > end_) {
            is_broken_ = true;
            return {};
        }
        if (form.isFormClass(llvm::DWARFFormValue::FC_String)) {
            auto string = form.getAsCString();
            if (!string) {
                llvm::consumeError(string.takeError());
                return {};
            }
            return text(*string);
        }
        if (const auto bits = form.getAsUnsignedConstant()) return number(*bits, 0);
        return {};
    }

    void take(const llvm::DWARFAbbreviationDeclaration::AttributeSpec& attribute, Entry& entry) {
        const Value value = decode(attribute);
        const bool is_number = value.kind == Value::number;
        switch (attribute.Attr) {
            case DW_AT_name:
                entry.name = value.string;
                break;
            case DW_AT_type:
                if (value.kind == Value::reference && value.bits < NO_TYPE) {
                    entry.type = static_cast<uint32_t>(value.bits);
                }
                break;
            case DW_AT_byte_size:
                if (is_number) entry.byte_size = value.bits;
                break;
            case DW_AT_sibling:
                entry.sibling = value.bits;
                break;
            case DW_AT_data_member_location:
                if (is_number) entry.location = value.bits;
                break;
            case DW_AT_bit_size:
                if (is_number) entry.bit_size = value.bits;
                break;
            case DW_AT_data_bit_offset:
                if (is_number) entry.data_bit_offset = value.bits;
                break;
            case DW_AT_bit_offset:
                if (is_number) entry.old_bit_offset = value.bits;
                break;
            case DW_AT_count:
                entry.count = is_number ? value.bits : 0;
                break;
            case DW_AT_upper_bound:
                if (!entry.count) entry.count = dimension_of(value);
                break;
            case DW_AT_const_value:
                entry.constant = value.bits;
                break;
            case DW_AT_encoding:
                entry.encoding = value.bits;
                break;
            case DW_AT_declaration:
                entry.is_declaration = value.bits != 0;
                break;
            default:
                break;
        }
    }

    void handle(const llvm::DWARFAbbreviationDeclaration& abbreviation, const Entry& entry,
                uint32_t offset) {
        const Tag tag = abbreviation.getTag();
        uint32_t type = NOTHING;
        bool wants_children = tag == DW_TAG_compile_unit || tag == DW_TAG_partial_unit;
        if (const TypeKind kind = kind_of(tag); kind != TypeKind::void_type) {
            type = add_type(kind, tag, entry, offset);
            wants_children = true;
        } else if (!frames_.empty()) {
            add_part(tag, entry);
        }
        if (!abbreviation.hasChildren()) {
            if (type != NOTHING) finish(type, NO_CHILDREN);
            return;
        }
        // A function's body: jumped over, or walked without taking anything.
        const uint64_t sibling = unit_.getOffset() + entry.sibling;
        if (!wants_children && entry.sibling != 0 && sibling > at_ && sibling <= end_) {
            at_ = sibling;
            return;
        }
        frames_.push_back({type, tag});
        if (reader_.open_members_.size() < frames_.size()) {
            reader_.open_members_.resize(frames_.size());
        }
        reader_.open_members_[frames_.size() - 1].clear();
        if (type != NOTHING) begin(type);
    }

    uint32_t add_type(TypeKind kind, Tag tag, const Entry& entry, uint32_t offset) {
        UnitType type;
        type.kind = kind;
        type.offset = offset;
        type.name = entry.name;
        type.target = entry.type;
        type.size = entry.byte_size;
        type.is_union = tag == DW_TAG_union_type;
        if (kind == TypeKind::integer) {
            type.kind = is_float(entry.encoding) ? TypeKind::floating : TypeKind::integer;
            type.encoding =
                type.kind == TypeKind::integer ? encoding_of(entry.encoding) : Encoding::none;
        }
        if (kind == TypeKind::enumeration && entry.encoding != 0) {
            type.encoding = encoding_of(entry.encoding);
        }
        if (kind == TypeKind::pointer && type.size == 0) type.size = address_size_;
        if (entry.is_declaration && tag != DW_TAG_typedef) type.kind = TypeKind::forward;
        const auto index = static_cast<uint32_t>(out_.types.size());
        if (offset < reader_.index_at_.size()) reader_.index_at_[offset] = index;
        out_.types.push_back(type);
        return index;
    }

    // What belongs to the entry around it.
    void add_part(Tag tag, const Entry& entry) {
        const Frame& frame = frames_.back();
        if (frame.type == NOTHING) return;
        UnitType& owner = out_.types[frame.type];
        if (tag == DW_TAG_member && !entry.is_declaration) {
            UnitMember member;
            member.name = entry.name;
            member.type = entry.type;
            member.bit_size = static_cast<uint32_t>(entry.bit_size);
            member.bit_offset = entry.location * 8;
            if (entry.data_bit_offset) member.bit_offset += *entry.data_bit_offset;
            if (entry.old_bit_offset) {
                member.old_bit_offset = entry.old_bit_offset;
                member.storage_size = entry.byte_size;
            }
            reader_.open_members_[frames_.size() - 1].push_back(member);
        } else if (tag == DW_TAG_enumerator && owner.kind == TypeKind::enumeration) {
            out_.enumerators.push_back({entry.name, static_cast<int64_t>(entry.constant)});
        } else if (tag == DW_TAG_subrange_type && owner.kind == TypeKind::array) {
            out_.dimensions.push_back(entry.count.value_or(0));
        }
    }

    void begin(uint32_t type) {
        UnitType& owner = out_.types[type];
        if (owner.kind == TypeKind::enumeration) {
            owner.first = static_cast<uint32_t>(out_.enumerators.size());
        } else if (owner.kind == TypeKind::array) {
            owner.first = static_cast<uint32_t>(out_.dimensions.size());
        }
    }

    void close() {
        const Frame frame = frames_.back();
        if (frame.type != NOTHING) finish(frame.type, frames_.size() - 1);
        frames_.pop_back();
    }

    void finish(uint32_t type, size_t depth) {
        UnitType& owner = out_.types[type];
        switch (owner.kind) {
            case TypeKind::structure:
            case TypeKind::union_type: {
                owner.first = static_cast<uint32_t>(out_.members.size());
                if (depth == NO_CHILDREN) break;
                const auto& members = reader_.open_members_[depth];
                out_.members.insert(out_.members.end(), members.begin(), members.end());
                owner.length = static_cast<uint32_t>(members.size());
                break;
            }
            case TypeKind::enumeration:
                if (depth == NO_CHILDREN) break;
                owner.length = static_cast<uint32_t>(out_.enumerators.size()) - owner.first;
                break;
            case TypeKind::array:
                if (depth != NO_CHILDREN) {
                    owner.length = static_cast<uint32_t>(out_.dimensions.size()) - owner.first;
                }
                if (owner.length == 0) {  // int x[];
                    owner.first = static_cast<uint32_t>(out_.dimensions.size());
                    owner.length = 1;
                    out_.dimensions.push_back(0);
                }
                break;
            default:
                break;
        }
    }

    // From offsets to indices. The lists grow while this runs: see find().
    Result<void> resolve() {
        for (size_t types = 0, members = 0;
             types < out_.types.size() || members < out_.members.size();) {
            for (; types < out_.types.size(); ++types) {
                const auto index = find(out_.types[types].target);
                if (!index) return std::unexpected(index.error());
                out_.types[types].target = *index;
            }
            for (; members < out_.members.size(); ++members) {
                const auto index = find(out_.members[members].type);
                if (!index) return std::unexpected(index.error());
                out_.members[members].type = *index;
            }
        }
        finish_old_bit_fields();
        finish_enumerations();
        return {};
    }

    // Most types stand at the top of the unit. One that stands in a function, where the walk jumped
    // over it, is read when something outside turns out to refer to it (a static variable's type,
    // for one, which const and pointer types at the top may share).
    Result<uint32_t> find(uint32_t reference) {
        if (reference == NO_TYPE) return NO_TYPE;
        uint32_t index = reference;
        if (to_index(index)) return index;
        at_ = unit_.getOffset() + reference;
        if (reference < unit_.getHeaderSize() || at_ >= end_) return malformed(OUTSIDE);
        if (auto walked = walk(); !walked) return std::unexpected(walked.error());
        index = reference;
        if (to_index(index)) return index;
        return malformed("a reference to what is no type");
    }

    void finish_old_bit_fields() {
        for (UnitMember& member : out_.members) {
            if (!member.old_bit_offset) continue;
            uint64_t storage = member.storage_size;
            if (storage == 0) storage = size_of(member.type);
            // Little-endian: from the highest bit down to the field's lowest.
            member.bit_offset += storage * 8 - *member.old_bit_offset - member.bit_size;
        }
    }

    void finish_enumerations() {
        // What an enumeration says of its sign, it may say through its underlying type.
        for (UnitType& type : out_.types) {
            if (type.kind != TypeKind::enumeration) continue;
            uint32_t target = type.target;
            for (int steps = 0; steps < 16 && target != NO_TYPE; ++steps) {
                const UnitType& underlying = out_.types[target];
                if (type.encoding == Encoding::none) type.encoding = underlying.encoding;
                target = underlying.target;
            }
            type.target = NO_TYPE;
        }
    }

    bool to_index(uint32_t& reference) const {
        const auto& index_at = reader_.index_at_;
        if (reference >= index_at.size()) return false;
        const uint32_t index = index_at[reference];
        if (index >= out_.types.size() || out_.types[index].offset != reference) return false;
        reference = index;
        return true;
    }

    uint64_t size_of(uint32_t type) const {
        for (int steps = 0; steps < 32 && type != NO_TYPE; ++steps) {
            if (out_.types[type].size != 0) return out_.types[type].size;
            type = out_.types[type].target;
        }
        return 0;
    }

    UnitReader& reader_;
    UnitTypes& out_;
    llvm::DWARFUnit& unit_;
    std::string_view object_;
    const llvm::DWARFAbbreviationDeclarationSet* abbreviations_ = nullptr;
    llvm::StringRef data_;
    uint64_t at_;
    uint64_t end_;
    uint8_t address_size_;
    uint8_t offset_size_;
    uint8_t reference_size_;
    llvm::StringRef strings_;
    llvm::StringRef line_strings_;
    std::vector<Frame> frames_;
    bool is_broken_ = false;
};

Result<void> UnitReader::read(llvm::DWARFUnit& unit, std::string_view object) {
    types_.clear();
    return Walk(*this, unit, object).run();
}

}  // namespace defib::layouts
