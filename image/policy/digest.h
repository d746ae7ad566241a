// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_IMAGE_POLICY_DIGEST_H
#define DEFIB_IMAGE_POLICY_DIGEST_H

#include <cstdint>
#include <string_view>

namespace defib::image {

// Tells a policy's table that was made for another manifest: the numbers of detectors and routines
// in it would mean others. No signature; the image's covers both.
constexpr uint64_t digest_of_manifest(std::string_view manifest) {
    uint64_t digest = 0xcbf29ce484222325;  // FNV-1a
    for (const char letter : manifest) {
        digest = (digest ^ static_cast<uint8_t>(letter)) * 0x100000001b3;
    }
    return digest;
}

}  // namespace defib::image

#endif
