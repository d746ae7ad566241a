// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "layouts/dwarf/dwarf.h"
#include "layouts/layout_builder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace defib::layouts;
    const auto elf = ElfFile::parse(std::as_bytes(std::span(data, size)), "fuzz");
    if (!elf) return 0;
    const auto dwarf = read_dwarf(*elf, "fuzz", 1);
    if (!dwarf) return 0;
    const auto layout = build_layout(dwarf->types, Everything{}, "fuzz");
    (void)layout;
    return 0;
}
