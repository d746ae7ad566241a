// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "boot/hook/hook.h"
#include "engine/abi/hook_description.h"

namespace defib::boot {
namespace {

constexpr size_t PAGE = 4096;

// Whether the address that the header gives for itself is the one where it lies: by any of the ways
// in which the target's memory may be split.
bool lies_where_it_says(const Target& target, const DefibHookHeader& header,
                        const std::byte* memory) {
    for (const DefibWindow& window : target.windows()) {
        for (const DefibRange& range : std::span(window.ranges).first(window.count)) {
            const uint64_t inside = header.physical - range.physical;
            if (header.physical < range.physical || inside >= range.size) continue;
            if (range.backend + inside == reinterpret_cast<uint64_t>(memory) &&
                header.bytes <= range.size - inside) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

std::vector<FoundRing> find_rings(const Target& target) {
    std::vector<FoundRing> rings;
    const Bytes all = target.memory().bytes();
    for (const Bytes part : target.memory().data()) {
        auto at = static_cast<size_t>(part.data() - all.data());
        const size_t end = at + part.size();
        at = (at + PAGE - 1) / PAGE * PAGE;
        for (; at < end && end - at >= sizeof(DefibHookHeader); at += PAGE) {
            const std::byte* memory = all.data() + at;
            if (std::memcmp(memory, DEFIB_HOOK_MAGIC, sizeof DEFIB_HOOK_MAGIC) != 0) continue;
            FoundRing ring;
            std::memcpy(&ring.header, memory, sizeof ring.header);
            if (!defib_hook_is_described_rightly(&ring.header) ||
                !lies_where_it_says(target, ring.header, memory)) {
                continue;
            }
            // Writable where the target was opened to act: Hook::find() asks.
            ring.memory = const_cast<std::byte*>(memory);
            rings.push_back(ring);
        }
    }
    return rings;
}

}  // namespace defib::boot
