// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/known_pages.h"

#include <sodium.h>

namespace defib::boot {

bool KnownPages::put(uint64_t page, const Digest& digest) {
    if (page >= pages_.size()) {
        pages_.resize(page + 1);
        is_known_.resize(page + 1, is_new_);
    }
    if (is_known_[page] && pages_[page] == digest) return false;
    pages_[page] = digest;
    is_known_[page] = true;
    return true;
}

bool KnownPages::takes(uint64_t page, Bytes bytes) {
    Digest digest{};
    crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), digest.size(),
                       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr,
                       0);
    return put(page, digest);
}

bool KnownPages::takes_zeros(uint64_t page) {
    return put(page, {});
}

void KnownPages::forget_behind(uint64_t pages) {
    is_new_ = false;
    if (pages >= pages_.size()) return;
    pages_.resize(pages);
    is_known_.resize(pages);
}

}  // namespace defib::boot
