// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/window.h"

#include <fmt/format.h>

#include <algorithm>

namespace defib::boot::cuda {
namespace {

// NOLINTBEGIN(performance-no-int-to-ptr): a range's backend is an address of this process.
void* start_of(const DefibRange& range) {
    return reinterpret_cast<void*>(range.backend);
}

// What both have, or nothing.
Bytes common(const DefibRange& range, Bytes stretch) {
    const auto first = reinterpret_cast<uint64_t>(stretch.data());
    const uint64_t from = std::max(first, range.backend);
    const uint64_t end = std::min(first + stretch.size(), range.backend + range.size);
    if (from >= end) return {};
    return {reinterpret_cast<const std::byte*>(from), static_cast<size_t>(end - from)};
}
// NOLINTEND(performance-no-int-to-ptr)

}  // namespace

Result<SeenWindow> register_window(const ClaimPointer& claim, const DefibWindow& window,
                                   bool may_write, Backing backing) {
    const DriverApi& api = claim->api();
    SeenWindow seen;
    seen.window = window;
    const unsigned flags = HOST_PORTABLE | HOST_DEVICE_MAP | (may_write ? 0 : HOST_READ_ONLY) |
                           (backing == Backing::frames ? HOST_IO_MEMORY : 0);
    for (uint32_t i = 0; i < window.count; i++) {
        DefibRange& range = seen.window.ranges[i];
        void* start = start_of(range);
        Status status = api.host_register(start, range.size, flags);
        if (status == SUCCESS) {
            seen.registrations.emplace_back(claim, start);
            DevicePointer place = 0;
            status = api.host_get_device_pointer(&place, start, 0);
            range.backend = place;
        }
        if (status != SUCCESS) {
            return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, claim->device().id(),
                        fmt::format("{} MB of the target's memory cannot be pinned: {}",
                                    range.size >> 20, claim->driver().text_of(status)),
                        backing == Backing::frames
                            ? "it takes CAP_SYS_ADMIN and a driver that knows this kernel's RAM as "
                              "such memory (570 and later), or --backend cpu"
                            : "let this process lock that much memory (ulimit -l), or use "
                              "--backend cpu");
        }
    }
    return seen;
}

Result<SeenWindow> copy_window(const ClaimPointer& claim, const DefibWindow& window,
                               std::span<const Bytes> data) {
    SeenWindow seen;
    seen.window = window;
    for (uint32_t i = 0; i < window.count; i++) {
        const DefibRange& from = window.ranges[i];
        auto copy = allocate(claim, from.size);
        if (!copy) return std::unexpected(copy.error());
        for (const Bytes stretch : data) {
            const Bytes part = common(from, stretch);
            if (part.empty()) continue;
            const uint64_t within = reinterpret_cast<uint64_t>(part.data()) - from.backend;
            auto done = to_device(*claim, copy->get() + within, part.data(), part.size());
            if (!done) return std::unexpected(done.error());
        }
        seen.window.ranges[i].backend = copy->get();
        seen.copies.push_back(std::move(*copy));
    }
    return seen;
}

}  // namespace defib::boot::cuda
