// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a file holds already, page by page, by digest: so that only what differs is written into it
// again.
#ifndef DEFIB_BOOT_SALVAGE_KNOWN_PAGES_H
#define DEFIB_BOOT_SALVAGE_KNOWN_PAGES_H

#include <array>
#include <cstdint>
#include <vector>

#include "engine/base/file.h"

namespace defib::boot {

class KnownPages {
  public:
    // Whether that page of the file is not what it is to be; from here on it is.
    bool takes(uint64_t page, Bytes bytes);
    bool takes_zeros(uint64_t page);
    // Of a file of which nothing is left behind `pages`, or nobody knows what.
    void forget_behind(uint64_t pages);

  private:
    using Digest = std::array<std::byte, 16>;  // of BLAKE2b; all zero: zeros

    bool put(uint64_t page, const Digest& digest);

    std::vector<Digest> pages_;
    std::vector<bool> is_known_;
    bool is_new_ = true;  // behind what is known there are zeros
};

}  // namespace defib::boot

#endif
