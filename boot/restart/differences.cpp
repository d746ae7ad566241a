// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/differences.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace defib::boot {
namespace {

constexpr uint64_t AT_ONCE = 256 * PAGE_BYTES;

// Behind the file's end there are zeros.
Result<void> read_file(int file, uint64_t at, std::span<std::byte> to) {
    std::ranges::fill(to, std::byte{0});
    while (file >= 0 && !to.empty()) {
        const ssize_t got = pread(file, to.data(), to.size(), static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return fail(DEFIB_ERROR_BASE_CANNOT_READ, "a mapped file", std::strerror(errno));
        if (got == 0) return {};
        at += static_cast<uint64_t>(got);
        to = to.subspan(static_cast<size_t>(got));
    }
    return {};
}

bool is_same_page(Bytes one, Bytes other, uint64_t at) {
    return std::memcmp(one.data() + at, other.data() + at, PAGE_BYTES) == 0;
}

// Pages that differ and lie side by side are taken at once.
Result<void> take_runs(uint64_t address, Bytes held, Bytes now, const TakeDifference& take) {
    for (uint64_t at = 0; at < held.size();) {
        uint64_t end = at;
        while (end < held.size() && !is_same_page(held, now, end)) end += PAGE_BYTES;
        if (end == at) {
            at += PAGE_BYTES;
            continue;
        }
        if (auto taken = take(address + at, held.subspan(at, end - at)); !taken) return taken;
        at = end;
    }
    return {};
}

}  // namespace

Result<void> for_each_difference(const SavedProcess& process, const SavedMapping& mapping, int file,
                                 const TakeDifference& take) {
    std::vector<std::byte> now(AT_ONCE);
    // The first that reaches into it, and those behind.
    auto one = std::ranges::upper_bound(process.pieces, mapping.range.first, {}, &CorePiece::end);
    for (; one != process.pieces.end() && one->first < mapping.range.end; ++one) {
        const CorePiece& piece = *one;
        const uint64_t first = std::max(piece.first, mapping.range.first);
        const uint64_t end = std::min(piece.end(), mapping.range.end);
        for (uint64_t at = first; at < end; at += AT_ONCE) {
            const uint64_t size = std::min(AT_ONCE, end - at);
            const std::span<std::byte> there = std::span(now).first(size);
            const uint64_t place = mapping.from + (at - mapping.range.first);
            if (auto got = read_file(file, place, there); !got) return got;
            const Bytes held = piece.bytes.subspan(at - piece.first, size);
            if (auto taken = take_runs(at, held, there, take); !taken) return taken;
        }
    }
    return {};
}

}  // namespace defib::boot
