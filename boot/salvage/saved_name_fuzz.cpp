// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the name of a file: what comes out is one step of a path, and leads nowhere else.
#include <cstdint>
#include <cstdlib>

#include "boot/salvage/saved_name.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string name(data, data + size);
    const std::string saved = defib::boot::saved_name(name);
    const bool is_one_step = !saved.empty() && saved.size() <= 255 && saved != "." &&
                             saved != ".." && saved.find('/') == std::string::npos &&
                             saved.find('\0') == std::string::npos;
    if (!is_one_step) std::abort();
    return 0;
}
