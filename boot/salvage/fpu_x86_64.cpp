// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/fpu_x86_64.h"

#include <algorithm>
#include <cstring>

namespace defib::boot {
namespace {

constexpr size_t LEGACY = 512;
constexpr size_t HEADER = 64;
constexpr size_t AVX = 256;
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

}  // namespace

FpuState unpack_fpu(Bytes saved, uint64_t features) {
    FpuState state;
    std::copy_n(saved.begin(), LEGACY, state.legacy.begin());
    if (saved.size() < LEGACY + HEADER) return state;
    auto used = read<uint64_t>(saved, LEGACY);
    const auto packed = read<uint64_t>(saved, PACKED_AT);
    put_initial_values(state.legacy, used);
    size_t size = saved.size();
    if ((packed & IS_PACKED) != 0) {
        // AVX comes first behind the header and has one size, in both forms. Where the others lie
        // only the processor tells.
        const uint64_t known = HAS_X87 | HAS_SSE | ((packed & HAS_AVX) != 0 ? HAS_AVX : 0);
        state.is_cut = (used & features & ~known) != 0;
        features &= known;
        used &= known;
        size = std::min(size, LEGACY + HEADER + ((known & HAS_AVX) != 0 ? AVX : 0));
    }
    state.extended.assign(saved.begin(), saved.begin() + static_cast<ptrdiff_t>(size));
    std::copy(state.legacy.begin(), state.legacy.end(), state.extended.begin());
    std::memcpy(state.extended.data() + FEATURES_AT, &features, sizeof features);
    std::memcpy(state.extended.data() + LEGACY, &used, sizeof used);
    std::fill_n(state.extended.begin() + PACKED_AT, HEADER - sizeof used, std::byte{0});
    return state;
}

}  // namespace defib::boot
