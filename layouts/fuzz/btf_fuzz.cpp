// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a kernel's BTF, and as a module's that continues a small kernel's. What is accepted
// must become a layout whose text is read back as the same layout.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "layouts/btf.h"
#include "layouts/layout_builder.h"
#include "layouts/layout_json.h"
#include "layouts/testing/btf_assembler.h"

using namespace defib;
using namespace defib::layouts;

static void follow(const Result<TypeGraph>& graph) {
    if (!graph) return;
    const auto layout = build_layout(*graph, Everything{}, "input");
    if (!layout) return;
    const auto again = read_layout(to_json(*layout), "input");
    if (!again || *again != *layout) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string KERNEL = testing::everything().blob();
    const Bytes input = std::as_bytes(std::span(data, size));
    follow(read_btf(input, "input"));
    follow(read_split_btf(as_bytes(KERNEL), input, "input"));
    return 0;
}
