// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a binding, its digests taken as right, so that what lies behind these is reached.
// What is read holds no more than the bytes could say, and binds, or is refused, in a manifest of
// its size.
#include <cstdlib>
#include <cstring>

#include "boot/binder/bind.h"
#include "boot/binder/binding_file.h"

namespace {

using namespace defib;

void must(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t DIGESTS_AT = 16;
    boot::BindingSources sources;
    if (size >= DIGESTS_AT + 64) {
        std::memcpy(sources.manifest.data(), data + DIGESTS_AT, 32);
        std::memcpy(sources.layout.data(), data + DIGESTS_AT + 32, 32);
    }
    const auto read = boot::read_binding(std::as_bytes(std::span(data, size)), sources, "fuzz");
    if (!read) return 0;
    must(read->answers.slots.size() * 16 <= size);
    must(read->answers.pictures.size() * 8 <= size);
    if (read->answers.slots.size() > DEFIB_BINDING_SLOTS) return 0;
    boot::Manifest manifest;
    manifest.slots.resize(read->answers.slots.size());
    manifest.routines.resize(read->answers.pictures.size());
    must(boot::bind(manifest, read->answers, 0, {}).has_value());
    return 0;
}
