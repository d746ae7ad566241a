// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a machine's RAM, with a process' page tables in it: each walk comes to its end, and
// says of all that was asked for what there is, in order.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "boot/salvage/user_pages_x86_64.h"

namespace {

constexpr uint64_t PAGE = 4096;
constexpr size_t MOST_PAGES = 64;

struct Asked {
    uint64_t first;
    uint64_t size;
    uint8_t levels;
    uint8_t shift;  // of both
};

void require(bool is_true) {
    if (!is_true) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Asked asked{};
    if (size < sizeof asked) return 0;
    std::memcpy(&asked, data, sizeof asked);
    data += sizeof asked;
    size -= sizeof asked;
    const size_t pages = std::min(size / PAGE + 1, MOST_PAGES);
    std::vector<uint64_t> ram(pages * PAGE / 8);
    std::memcpy(ram.data(), data, std::min(size, pages * PAGE));

    DefibWindow window{};
    window.count = 1;
    window.ranges[0] = {0, pages * PAGE, reinterpret_cast<uint64_t>(ram.data())};
    DefibKernelMap map{};
    map.levels = asked.levels % 2 == 0 ? 4 : 5;
    defib::boot::UserPages all(window, map, 0);
    // Few address bits reach into the tables of so small a machine.
    const uint64_t end = all.end_of_addresses();
    const uint64_t first = (asked.first << asked.shift % 48) / PAGE * PAGE % end;
    const uint64_t last = std::min(end, first + asked.size / PAGE * PAGE % end);
    uint64_t at = first;
    const auto done = all.walk(first, last, [&](const defib::boot::UserStretch& one) {
        require(one.first == at && one.end > one.first && one.end <= last);
        require(one.bytes.size() ==
                (one.state == defib::boot::PageState::present ? one.end - one.first : 0));
        at = one.end;
        return defib::Result<void>();
    });
    require(!done || at == last);
    require(all.read(first, 2 * PAGE).size() <= 2 * PAGE);
    return 0;
}
