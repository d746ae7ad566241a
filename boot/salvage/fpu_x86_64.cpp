// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/fpu_x86_64.h"

#include <algorithm>
#include <cstring>

#include "boot/salvage/xsave_parts_x86_64.h"

namespace defib::boot {
namespace {

constexpr size_t LEGACY = 512;
constexpr size_t HEADER = 64;
constexpr size_t PACKED_AT = LEGACY + 8;  // XCOMP_BV
constexpr size_t FEATURES_AT = 464;       // where a debugger looks for XCR0
constexpr uint64_t IS_PACKED = uint64_t{1} << 63;
constexpr uint64_t HAS_X87 = 1;
constexpr uint64_t HAS_SSE = 2;
constexpr uint64_t HAS_AVX = 4;
constexpr size_t X87_REGISTERS = 32;
constexpr size_t SSE_REGISTERS = 160;
constexpr size_t SSE_END = 416;
constexpr size_t MXCSR_AT = 24;
constexpr uint16_t INITIAL_CONTROL = 0x37f;
constexpr uint32_t INITIAL_MXCSR = 0x1f80;

template <class T>
T read(Bytes from, size_t at) {
    T value{};
    std::memcpy(&value, from.data() + at, sizeof value);
    return value;
}

// A part that its owner has not used since its start is marked so, and its bytes are not written.
void put_initial_values(std::array<std::byte, LEGACY>& legacy, uint64_t used) {
    const auto clear = [&](size_t from, size_t to) {
        std::fill(legacy.begin() + static_cast<ptrdiff_t>(from),
                  legacy.begin() + static_cast<ptrdiff_t>(to), std::byte{0});
    };
    if ((used & HAS_X87) == 0) {
        clear(0, MXCSR_AT);
        clear(X87_REGISTERS, SSE_REGISTERS);
        std::memcpy(legacy.data(), &INITIAL_CONTROL, sizeof INITIAL_CONTROL);
    }
    if ((used & HAS_SSE) == 0) clear(SSE_REGISTERS, SSE_END);
    if ((used & (HAS_SSE | HAS_AVX)) == 0)
        std::memcpy(legacy.data() + MXCSR_AT, &INITIAL_MXCSR, sizeof INITIAL_MXCSR);
}

// Parts that are packed lie one after the other, whether they are in use or not.
struct PackedPart {
    const XsavePart* part;
    size_t at;
};
std::vector<PackedPart> packed_parts(uint64_t packed, size_t size) {
    constexpr size_t ALIGNMENT = 64;
    std::vector<PackedPart> parts;
    size_t at = LEGACY + HEADER;
    for (const XsavePart& one : XSAVE_PARTS) {
        if ((packed >> one.feature & 1) == 0) continue;
        if (one.is_aligned) at = (at + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (at + one.size > size) break;
        parts.push_back({&one, at});
        at += one.size;
    }
    return parts;
}

// Into the standard form; which of the features are in it is what is returned.
uint64_t unpack(Bytes saved, uint64_t packed, uint64_t features, std::vector<std::byte>& to) {
    const auto used = read<uint64_t>(saved, LEGACY);
    uint64_t known = features & (HAS_X87 | HAS_SSE);
    to.assign(saved.begin(), saved.begin() + LEGACY + HEADER);
    for (const auto& [part, at] : packed_parts(packed, saved.size())) {
        if (part->at == 0 || (features >> part->feature & 1) == 0) continue;
        known |= uint64_t{1} << part->feature;
        // What is not in use is not written, and may be anything.
        if ((used >> part->feature & 1) == 0) continue;
        to.resize(std::max(to.size(), part->at + part->size));
        std::copy_n(saved.begin() + static_cast<ptrdiff_t>(at), part->size,
                    to.begin() + static_cast<ptrdiff_t>(part->at));
    }
    return known;
}

}  // namespace

FpuState unpack_fpu(Bytes saved, uint64_t features) {
    FpuState state;
    std::copy_n(saved.begin(), LEGACY, state.legacy.begin());
    if (saved.size() < LEGACY + HEADER) return state;
    auto used = read<uint64_t>(saved, LEGACY);
    const auto packed = read<uint64_t>(saved, PACKED_AT);
    put_initial_values(state.legacy, used);
    if ((packed & IS_PACKED) != 0) {
        const uint64_t known = unpack(saved, packed, features, state.extended);
        state.is_cut = (used & features & ~known) != 0;
        features = known;
        used &= known;
    } else {
        state.extended.assign(saved.begin(), saved.end());
    }
    std::copy(state.legacy.begin(), state.legacy.end(), state.extended.begin());
    std::memcpy(state.extended.data() + FEATURES_AT, &features, sizeof features);
    std::memcpy(state.extended.data() + LEGACY, &used, sizeof used);
    std::fill_n(state.extended.begin() + PACKED_AT, HEADER - sizeof used, std::byte{0});
    return state;
}

}  // namespace defib::boot
