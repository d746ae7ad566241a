// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How a member's type is said in Volatility's symbol files, where every type is a tree that ends in
// a base type, a structure or an enumeration with a name.
#ifndef DEFIB_LAYOUTS_ISF_TYPES_H
#define DEFIB_LAYOUTS_ISF_TYPES_H

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "layouts/layout.h"

namespace defib::layouts {

// Size of one element; nothing of an array without elements.
std::optional<uint64_t> element_size(const LayoutMember& member);

class IsfTypes {
  public:
    explicit IsfTypes(const Layout& layout);

    // `own_record`: the name under which the member's own nameless structure is exported.
    nlohmann::json describe(const LayoutMember& member, const std::string& own_record);

    // The integer type in which an enumeration is kept.
    std::string integer_name(uint64_t size, bool is_signed);

    // Those that were used, and the two that Volatility asks for by name.
    nlohmann::json take_base_types() && { return std::move(base_types_); }
    // Structures that members hold or point to but the layout leaves out, with the size that is
    // known.
    nlohmann::json take_opaque_records() && { return std::move(opaque_records_); }

  private:
    nlohmann::json base(std::string_view name);
    nlohmann::json integer(uint64_t size, bool is_signed);
    nlohmann::json record(const LayoutMember& member, uint64_t size, const std::string& own_record);
    nlohmann::json element(const LayoutMember& member, const std::string& own_record);
    nlohmann::json pointee(const LayoutMember& member);
    nlohmann::json bit_field(const LayoutMember& member);

    const Layout& layout_;
    // A member of each typedef, to learn what `pid_t *` points to.
    std::map<std::string_view, const LayoutMember*> aliases_;
    nlohmann::json base_types_ = nlohmann::json::object();
    nlohmann::json opaque_records_ = nlohmann::json::object();
};

}  // namespace defib::layouts

#endif
