// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A raw RAM file, whose every byte the guest chose.
#include <cstddef>
#include <cstdint>

#include "layouts/artefact/memory_image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace defib::layouts;
    const Input input{"fuzz", {}, std::as_bytes(std::span(data, size))};
    const auto artefact = read_ram(input, {});
    (void)artefact;
    return 0;
}
