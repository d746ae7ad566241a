// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/place_at.h"

#include "boot/find/heap_object.h"
#include "boot/find/module_symbol.h"
#include "boot/find/symbol_at.h"

namespace defib::boot {

std::string place_at(const Kernel& kernel, const layouts::Layout& layout, uint64_t address) {
    std::string place = symbol_at(kernel, address);
    if (place.empty()) place = module_symbol_at(kernel, layout, address);
    if (place.empty()) place = heap_object_at(kernel, layout, address);
    return place;
}

}  // namespace defib::boot
