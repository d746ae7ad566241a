// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A kernel's memory that there never was: a ring of nodes in 64 KiB, reached by subtraction. The
// members lie in an order and at offsets that no compiler would choose, so that an engine which
// ignores its binding cannot be right by chance.
#ifndef DEFIB_BOOT_SELF_TEST_SYNTHETIC_KERNEL_H
#define DEFIB_BOOT_SELF_TEST_SYNTHETIC_KERNEL_H

#include <cstdint>
#include <span>
#include <vector>

#include "boot/binder/bind.h"
#include "engine/base/result.h"

namespace defib::boot {

class SyntheticKernel {
  public:
    static constexpr uint32_t NODES = 12;

    static Result<SyntheticKernel> make(std::string_view architecture);

    SyntheticKernel(SyntheticKernel&& other) noexcept;
    SyntheticKernel& operator=(SyntheticKernel&&) = delete;
    ~SyntheticKernel();

    const layouts::Layout& layout() const { return layout_; }
    const DefibWindow& window() const { return window_; }
    const DefibKernelMap& map() const { return map_; }

    uint64_t address(uint32_t node) const;
    uint64_t sum(uint32_t node) const;  // what self_test_node has to find there
    uint32_t mark(uint32_t node) const;
    uint64_t nowhere() const;  // an address of this kernel that nothing is mapped at

  private:
    SyntheticKernel() = default;
    uint64_t place(uint32_t node) const;
    void write(uint64_t physical, uint64_t value, uint32_t size);
    void fill(uint32_t node);

    std::byte* memory_ = nullptr;
    layouts::Layout layout_;
    DefibWindow window_{};
    DefibKernelMap map_{};
    std::vector<uint64_t> sums_;
};

}  // namespace defib::boot

#endif
