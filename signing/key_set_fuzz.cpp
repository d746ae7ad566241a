// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a key set. What is read gives the same bytes when it is written again, so no two
// files are the same key set.
#include <cstdint>
#include <cstdlib>
#include <tuple>

#include "signing/key_set.h"
#include "signing/trust.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const defib::Bytes file = std::as_bytes(std::span(data, size));
    auto set = defib::signing::read_key_set(file, "fuzz");
    if (!set) return 0;
    const auto before = set->body_digest;
    const auto again = defib::signing::serialise(*set, "fuzz");
    if (!again || *again != defib::as_text(file) || set->body_digest != before) std::abort();
    // Must not depend on what it says: only that it comes back.
    std::ignore = defib::signing::check_self_signed(*set, "fuzz");
    return 0;
}
