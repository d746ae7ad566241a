// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a layout. What is accepted has one text, is like itself, and can be checked and
// shown.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "engine/base/file.h"
#include "layouts/check.h"
#include "layouts/diff.h"
#include "layouts/layout_json.h"
#include "layouts/show.h"

using namespace defib;
using namespace defib::layouts;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto layout = read_layout(as_text(std::as_bytes(std::span(data, size))), "input");
    if (!layout) return 0;
    const auto again = read_layout(to_json(*layout), "input");
    if (!again || *again != *layout) std::abort();
    if (!diff_layouts(*layout, *again, wanted_by_default()).empty()) std::abort();
    (void)check_layout(*layout, wanted_by_default());
    for (const auto& [name, structure] : layout->structs) (void)show_struct(name, structure);
    return 0;
}
