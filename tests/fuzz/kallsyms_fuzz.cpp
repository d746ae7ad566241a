// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "layouts/artefact/kallsyms.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace defib::layouts;
    const auto tables = find_kallsyms(std::as_bytes(std::span(data, size)), "fuzz");
    if (!tables) return 0;
    for (const uint64_t address : {uint64_t{0}, tables->relative_base, ~uint64_t{0}}) {
        static_cast<void>(symbol_at(*tables, address));
    }
    const auto decoded = decode_kallsyms(*tables, "fuzz");
    (void)decoded;
    return 0;
}
