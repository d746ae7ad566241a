// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any text as a key: one of defib's files, or a PEM from an HSM. What is read comes back the same
// when it is written in the one way that defib writes it.
#include <cstdint>
#include <cstdlib>

#include "signing/bytes.h"
#include "signing/key_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto text = defib::as_text(std::as_bytes(std::span(data, size)));
    const auto key = defib::signing::read_public_key(text, "fuzz");
    if (!key) return 0;
    const auto again =
        defib::signing::read_public_key(defib::signing::write_public_key(*key), "again");
    if (!again || again->key != key->key || again->name != key->name) std::abort();
    const auto pem =
        defib::signing::read_public_key(defib::signing::write_public_pem(key->key), "pem");
    if (!pem || pem->key != key->key) std::abort();
    return 0;
}
