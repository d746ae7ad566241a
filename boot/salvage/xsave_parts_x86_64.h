// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The parts of XSAVE's area behind x87 and SSE (Intel SDM, volume 1, chapter 13.5, AMD APM, volume
// 4, appendix): their sizes are the same on every processor, and so is where they lie when they are
// packed. Where they lie in the standard form each processor says (CPUID 0dh); a core has them
// where Intel's do, which is where gdb looks.
#ifndef DEFIB_BOOT_SALVAGE_XSAVE_PARTS_X86_64_H
#define DEFIB_BOOT_SALVAGE_XSAVE_PARTS_X86_64_H

#include <cstddef>
#include <cstdint>

namespace defib::boot {

struct XsavePart {
    uint32_t feature;  // its bit in XCR0 or IA32_XSS
    size_t size;
    size_t at;  // in a core; 0: the kernel's own, in no core
    bool is_aligned;
};

inline constexpr XsavePart XSAVE_PARTS[] = {
    {2, 256, 576, false},    // AVX
    {3, 64, 960, false},     // bounds (MPX)
    {4, 64, 1024, false},    // and their configuration
    {5, 64, 1088, false},    // AVX-512: masks
    {6, 512, 1152, false},   // upper halves of the first 16
    {7, 1024, 1664, false},  // the other 16
    {8, 128, 0, false},      // processor trace
    {9, 8, 2688, false},     // rights of memory keys (PKRU)
    {10, 8, 0, false},       // PASID
    {11, 16, 0, false},      // control flow, of programs
    {12, 24, 0, false},      // and of the kernel
    {13, 8, 0, false},       // duty cycles
    {14, 48, 0, false},      // interrupts of programs
    {15, 808, 0, false},     // last branches
    {16, 8, 0, false},       // hardware P-states
    {17, 64, 2752, true},    // tiles: their configuration
    {18, 8192, 2816, true},  // and their data
};

}  // namespace defib::boot

#endif
