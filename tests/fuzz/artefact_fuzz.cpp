// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Every format that is recognised by its content: BTF, ELF, bzImage, packages, dumps.
#include <cstddef>
#include <cstdint>

#include "layouts/artefact/artefact.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const defib::Bytes bytes = std::as_bytes(std::span(data, size));
    const defib::layouts::Input input{"fuzz", {}, bytes};
    const auto artefact =
        defib::layouts::read_artefact(input, {.base = {}, .types = {}, .threads = 1});
    (void)artefact;
    return 0;
}
