// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "boot/salvage/fpu_x86_64.h"

namespace defib::boot {
namespace {

constexpr size_t XMM0 = 160;
constexpr size_t USED = 512;
constexpr size_t PACKED = 520;
constexpr size_t YMM0 = 576;
constexpr uint64_t ALL = 0xe7;  // x87, SSE, AVX, AVX-512

template <class Where>
void put(Where& bytes, size_t at, uint64_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}
template <class Where>
uint64_t get(const Where& bytes, size_t at) {
    uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

std::vector<std::byte> saved(uint64_t used, uint64_t packed, size_t size) {
    std::vector<std::byte> bytes(size, std::byte{0x5a});
    put(bytes, XMM0, 0x1234);
    if (size < YMM0) return bytes;
    put(bytes, USED, used);
    put(bytes, PACKED, packed);
    if (size > YMM0) put(bytes, YMM0, 0x5678);
    return bytes;
}

TEST(Fpu, OfAnOldProcessorIsAsItIs) {
    const auto bytes = saved(0, 0, 512);
    const FpuState state = unpack_fpu(bytes, 3);
    EXPECT_TRUE(std::ranges::equal(state.legacy, bytes));
    EXPECT_TRUE(state.extended.empty());
}

TEST(Fpu, InTheStandardFormSaysWhatThereIs) {
    const FpuState state = unpack_fpu(saved(7, 0, 2696), ALL);
    EXPECT_EQ(state.extended.size(), 2696U);
    EXPECT_EQ(get(state.extended, 464), ALL) << "where gdb looks for it";
    EXPECT_EQ(get(state.extended, XMM0), 0x1234U);
    EXPECT_EQ(get(state.extended, YMM0), 0x5678U);
    EXPECT_FALSE(state.is_cut);
}

// As a processor with AVX-512, memory keys and tiles packs them, with the kernel's own in between.
TEST(Fpu, PackedIsLaidOutAsOthersExpectIt) {
    constexpr uint64_t KEYS = uint64_t{1} << 9;
    constexpr uint64_t KERNELS = uint64_t{1} << 10;  // PASID
    constexpr uint64_t TILES = uint64_t{3} << 17;
    const uint64_t packed = uint64_t{1} << 63 | ALL | KEYS | KERNELS | TILES;
    auto bytes = saved(ALL | KEYS | TILES, packed, 11008);
    put(bytes, 832, 0x55);     // masks
    put(bytes, 896, 0x66);     // upper halves
    put(bytes, 1408, 0x77);    // the other registers
    put(bytes, 2432, 0x99);    // keys
    put(bytes, 2496, 0x1111);  // the tiles' configuration: aligned
    put(bytes, 2560, 0x2222);  // their data
    const FpuState state = unpack_fpu(bytes, ALL | KEYS | TILES);
    EXPECT_FALSE(state.is_cut);
    EXPECT_EQ(state.extended.size(), 11008U);
    EXPECT_EQ(get(state.extended, YMM0), 0x5678U);
    EXPECT_EQ(get(state.extended, 1088), 0x55U);
    EXPECT_EQ(get(state.extended, 1152), 0x66U);
    EXPECT_EQ(get(state.extended, 1664), 0x77U);
    EXPECT_EQ(get(state.extended, 2688), 0x99U);
    EXPECT_EQ(get(state.extended, 2752), 0x1111U);
    EXPECT_EQ(get(state.extended, 2816), 0x2222U);
    EXPECT_EQ(get(state.extended, 464), ALL | KEYS | TILES);
    EXPECT_EQ(get(state.extended, USED), ALL | KEYS | TILES);
    EXPECT_EQ(get(state.extended, PACKED), 0U);
    const FpuState without = unpack_fpu(saved(3, uint64_t{1} << 63 | 3, 576), 3);
    EXPECT_EQ(without.extended.size(), YMM0);
}

TEST(Fpu, PackedAndCutOffSaysSo) {
    const uint64_t packed = uint64_t{1} << 63 | ALL;
    const FpuState cut = unpack_fpu(saved(ALL, packed, 1000), ALL);
    EXPECT_EQ(get(cut.extended, 464), 0x27U) << "up to the masks";
    EXPECT_EQ(get(cut.extended, USED), 0x27U);
    EXPECT_TRUE(cut.is_cut);
    EXPECT_FALSE(unpack_fpu(saved(7, packed, 1000), ALL).is_cut) << "what is not used is not lost";
}

// The processor does not write what has its initial value.
TEST(Fpu, UnusedHasItsInitialValues) {
    const FpuState state = unpack_fpu(saved(0, 0, 832), 7);
    EXPECT_EQ(get(state.legacy, 0), 0x37fU);
    EXPECT_EQ(get(state.legacy, 24) & 0xffffffff, 0x1f80U);
    EXPECT_EQ(get(state.legacy, XMM0), 0U);
    const FpuState sse = unpack_fpu(saved(2, 0, 832), 7);
    EXPECT_EQ(get(sse.legacy, 32), 0U);
    EXPECT_EQ(get(sse.legacy, XMM0), 0x1234U);
}

}  // namespace
}  // namespace defib::boot
