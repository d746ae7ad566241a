// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A guest's RAM as one file. The file has no hole where the guest's address space has one: below 4
// GB the devices sit, and RAM that does not fit under them goes on at 4 GB.
#include <algorithm>

#include "boot/target/target.h"

namespace defib::boot {
namespace {

constexpr uint64_t GIB = uint64_t{1} << 30;
constexpr uint64_t HIGH_START = 4 * GIB;

struct Split {
    uint64_t from;  // RAM of this size or more is split
    uint64_t low;   // this much of it lies below 4 GB
};

constexpr Split SPLITS[] = {
    {0xb0000000, 2 * GIB},     // QEMU q35: pc_q35_init()
    {0xe0000000, 3 * GIB},     // QEMU pc and microvm: pc_init1(), microvm_memory_init()
    {0xd0000001, 0xd0000000},  // Firecracker, crosvm: a gap of 768 MB
};

DefibWindow window_of(Bytes ram, uint64_t low) {
    const auto start = reinterpret_cast<uint64_t>(ram.data());
    DefibWindow window{};
    window.ranges[window.count++] = {0, low, start};
    if (low < ram.size()) {
        window.ranges[window.count++] = {HIGH_START, ram.size() - low, start + low};
    }
    return window;
}

}  // namespace

std::vector<DefibWindow> windows_of_ram(Bytes ram) {
    std::vector<uint64_t> lows;
    for (const Split& split : SPLITS) {
        const uint64_t low = ram.size() < split.from ? ram.size() : split.low;
        if (std::ranges::find(lows, low) == lows.end()) lows.push_back(low);
    }
    std::vector<DefibWindow> windows;
    for (const uint64_t low : lows) windows.push_back(window_of(ram, low));
    return windows;
}

}  // namespace defib::boot
