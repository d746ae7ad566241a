// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as an operator's policy. What the compiler finds nothing wrong with must be a table
// that the engine takes, and every complaint is one line.
#include <cstdint>
#include <cstdlib>

#include "engine/runtime/policy.h"
#include "image/policy/compile.h"
#include "image/policy/testing.h"

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto compiled = defib::image::compile_policy({reinterpret_cast<const char*>(data), size},
                                                       "fuzz", defib::image::testing::vocabulary());
    if (!compiled) return 0;
    for (const std::string& problem : compiled->problems) {
        must(problem.find('\n') == std::string::npos);
    }
    must(!compiled->problems.empty() || defib::runtime::check_policy(compiled->table));
    return 0;
}
