// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_BINDER_LAYOUT_LOOKUP_H
#define DEFIB_BOOT_BINDER_LAYOUT_LOOKUP_H

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "boot/binder/manifest.h"
#include "layouts/layout.h"

namespace defib::boot {

// A member at the end of a way through structures that lie in each other.
struct Place {
    uint64_t offset = 0;  // from the start of the first structure
    const layouts::LayoutMember* member = nullptr;
};

// The error is what is missing, for people: "task_struct.foo".
template <class T>
using Found = std::expected<T, std::string>;

// A structure declared for one variant of a kernel, `sched_entity___eevdf`, is looked up without
// its suffix.
std::string_view plain_name(std::string_view type);

Found<Place> find_place(const layouts::Layout& layout, std::span<const Hop> hops);

// The same for a path: "task_struct.se.vruntime"; indices in it are taken as 0.
Found<Place> find_path(const layouts::Layout& layout, std::string_view path);

}  // namespace defib::boot

#endif
