// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/self_test/synthetic_kernel.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace defib::boot {
namespace {

constexpr uint64_t MEMORY_BYTES = uint64_t{64} << 10;
constexpr uint64_t PHYSICAL = 0x100000;
constexpr uint64_t DIRECT_MAP = 0xffff888000000000;
constexpr uint64_t NODE_AREA = 0x2000;  // a top page table without an entry lies at the start
constexpr uint64_t NODE_STRIDE = 0x740;

constexpr uint64_t NEXT = 0x48;
constexpr uint64_t PLAIN = 0x1c;
constexpr uint64_t NEGATIVE = 0x06;
constexpr uint64_t NARROW = 0x0b;
constexpr uint64_t BITS = 0x10;
constexpr uint32_t BITS_FIRST = 5;
constexpr uint32_t BITS_COUNT = 9;
constexpr uint64_t WORDS = 0x20;
constexpr uint64_t MARK = 0x54;
constexpr uint64_t NODE_BYTES = 0x58;

layouts::LayoutMember member(const char* name, uint64_t offset, uint64_t size,
                             layouts::MemberKind kind = layouts::MemberKind::integer) {
    layouts::LayoutMember one;
    one.name = name;
    one.offset = offset;
    one.size = size;
    one.kind = kind;
    return one;
}

layouts::Layout make_layout(std::string_view architecture) {
    layouts::LayoutStruct node;
    node.size = NODE_BYTES;
    layouts::LayoutMember negative = member("negative", NEGATIVE, 2);
    negative.is_signed = true;
    layouts::LayoutMember bits = member("bits", BITS, 4);
    bits.bit_offset = BITS_FIRST;
    bits.bit_size = BITS_COUNT;
    layouts::LayoutMember words = member("words", WORDS, 32);
    words.array = {4};
    layouts::LayoutMember next = member("next", NEXT, 8, layouts::MemberKind::pointer);
    next.type = next.target = "defib_self_test";
    next.depth = 1;
    node.members = {negative, member("narrow", NARROW, 1), bits, member("plain", PLAIN, 4), words,
                    next,     member("mark", MARK, 4)};
    layouts::Layout layout;
    layout.kernel.architecture = architecture;
    layout.kernel.release = "self-test";
    layout.structs.emplace("defib_self_test", std::move(node));
    return layout;
}

// As in engine/routines/self_test.cpp.
uint64_t mix(uint64_t sum, uint64_t value) {
    return (sum ^ value) * 0x9e3779b97f4a7c15;
}

}  // namespace

Result<SyntheticKernel> SyntheticKernel::make(std::string_view architecture) {
    void* memory =
        mmap(nullptr, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "the self-test's memory", std::strerror(errno));
    }
    SyntheticKernel kernel;
    kernel.memory_ = static_cast<std::byte*>(memory);
    kernel.layout_ = make_layout(architecture);
    kernel.window_.count = 1;
    kernel.window_.ranges[0] = {PHYSICAL, MEMORY_BYTES, reinterpret_cast<uint64_t>(memory)};
    kernel.map_.architecture = DEFIB_ARCHITECTURE_X86_64;
    kernel.map_.levels = 4;
    kernel.map_.page_table = PHYSICAL;
    kernel.map_.linear_count = 1;
    kernel.map_.linear[0] = {DIRECT_MAP + PHYSICAL, MEMORY_BYTES, PHYSICAL};
    for (uint32_t node = 0; node < NODES; node++) kernel.fill(node);
    return kernel;
}

SyntheticKernel::SyntheticKernel(SyntheticKernel&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      layout_(std::move(other.layout_)),
      window_(other.window_),
      map_(other.map_),
      sums_(std::move(other.sums_)) {}

SyntheticKernel::~SyntheticKernel() {
    if (memory_ != nullptr) munmap(memory_, MEMORY_BYTES);
}

uint64_t SyntheticKernel::place(uint32_t node) const {
    return NODE_AREA + node * NODE_STRIDE;
}

uint64_t SyntheticKernel::address(uint32_t node) const {
    return DIRECT_MAP + PHYSICAL + place(node);
}

uint64_t SyntheticKernel::sum(uint32_t node) const {
    return sums_[node];
}

uint32_t SyntheticKernel::mark(uint32_t node) const {
    uint32_t value = 0;
    std::memcpy(&value, memory_ + place(node) + MARK, sizeof value);
    return value;
}

uint64_t SyntheticKernel::nowhere() const {
    return DIRECT_MAP + PHYSICAL + MEMORY_BYTES;
}

void SyntheticKernel::write(uint64_t physical, uint64_t value, uint32_t size) {
    std::memcpy(memory_ + physical, &value, size);
}

void SyntheticKernel::fill(uint32_t node) {
    const uint64_t at = place(node);
    const uint32_t plain = 0xfedcba98U - node;
    const auto negative = static_cast<int16_t>(-32768 + static_cast<int>(node));
    const auto narrow = static_cast<uint8_t>(0x80 + node);
    const uint32_t bits = 0x155U + node;
    // What lies around a member is set, so that reading too much, or the wrong bits, shows.
    std::memset(memory_ + at, 0xa5, NODE_BYTES);
    write(at + PLAIN, plain, 4);
    write(at + NEGATIVE, static_cast<uint16_t>(negative), 2);
    write(at + NARROW, narrow, 1);
    const uint32_t mask = ((1U << BITS_COUNT) - 1) << BITS_FIRST;
    write(at + BITS, (0xa5a5a5a5U & ~mask) | bits << BITS_FIRST, 4);
    write(at + MARK, 0, 4);
    write(at + NEXT, address((node + 5) % NODES), 8);
    uint64_t sum = mix(0, plain);
    sum = mix(sum, static_cast<uint64_t>(int64_t{negative}));
    sum = mix(sum, narrow);
    sum = mix(sum, bits);
    for (uint64_t i = 0; i < 4; i++) {
        const uint64_t word = mix(node + 1, i);
        write(at + WORDS + i * 8, word, 8);
        sum = mix(sum, word);
    }
    sums_.push_back(sum);
}

}  // namespace defib::boot
