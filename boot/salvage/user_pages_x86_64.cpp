// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/user_pages_x86_64.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "engine/runtime/processor.h"
#include "engine/runtime/window.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;
constexpr uint64_t AT_ONCE = uint64_t{2} << 20;
constexpr uint64_t ENTRY_PRESENT = 1;
constexpr uint64_t ENTRY_LARGE = 1U << 7;
// arch/x86/include/asm/pgtable_types.h: _PAGE_PROTNONE, of an entry that is not present.
constexpr uint64_t ENTRY_WITHOUT_RIGHTS = 1U << 8;
constexpr uint64_t ENTRY_ADDRESS = 0x000ffffffffff000;
constexpr uint32_t BITS_A_LEVEL = 9;
constexpr uint32_t PAGE_BITS = 12;
constexpr uint32_t PAGE_BITS_2M = 21;
constexpr uint32_t PAGE_BITS_1G = 30;
constexpr uint64_t ENTRIES = uint64_t{1} << BITS_A_LEVEL;
constexpr int ATTEMPTS = 3;
// A page may be mapped more than once: the zero page, what is shared.
constexpr uint64_t TIMES_MAPPED = 4;
constexpr uint64_t LEAST_BUDGET = 64;

uint64_t end_of(uint64_t address, uint32_t shift) {
    return ((address >> shift) + 1) << shift;
}

}  // namespace

UserPages::UserPages(const DefibWindow& window, const DefibKernelMap& map, uint64_t top)
    : window_(window),
      address_bits_(ENTRY_ADDRESS & ~map.encryption_mask),
      top_(top & address_bits_),
      top_shift_(map.levels == 5 ? 48 : 39),
      copy_(AT_ONCE) {
    uint64_t pages = 0;
    for (const DefibRange& range : std::span(window.ranges).first(window.count))
        pages += range.size / PAGE_SIZE;
    most_steps_ = ENTRIES * (pages + LEAST_BUDGET);
    most_pages_ = TIMES_MAPPED * pages + LEAST_BUDGET;
}

uint64_t UserPages::end_of_addresses() const {
    return uint64_t{1} << (top_shift_ + BITS_A_LEVEL - 1);
}

Bytes UserPages::memory_at(uint64_t physical) const {
    const uint64_t place = runtime::backend_of(window_, physical, PAGE_SIZE);
    if (place == 0) return {};
    return {runtime::pointer_to<const std::byte>(place), PAGE_SIZE};
}

// A page without any rights is not marked as present, and its address stands inverted
// (__pte_needs_invert(): no processor shall guess by it).
UserPages::Leaf UserPages::leaf_of(uint64_t entry, uint64_t address, uint32_t shift) const {
    Leaf leaf{.state = PageState::swapped, .end = end_of(address, shift), .physical = 0};
    const bool is_present = (entry & ENTRY_PRESENT) != 0;
    if (!is_present && (entry & ENTRY_WITHOUT_RIGHTS) == 0) return leaf;
    const uint64_t within = address & ((uint64_t{1} << shift) - 1) & ~(PAGE_SIZE - 1);
    const uint64_t start = (is_present ? entry : ~entry) & address_bits_;
    leaf.physical = (start & ~((uint64_t{1} << shift) - 1)) + within;
    leaf.state = memory_at(leaf.physical).empty() ? PageState::outside : PageState::present;
    return leaf;
}

// From an empty entry of a lowest table to the next one that is not, or to the table's end.
uint64_t UserPages::end_of_hole(uint64_t table, uint64_t address) const {
    const uint64_t end = end_of(address, PAGE_BITS_2M);
    for (uint64_t at = end_of(address, PAGE_BITS); at < end; at += PAGE_SIZE) {
        const uint64_t index = at >> PAGE_BITS & (ENTRIES - 1);
        const uint64_t place = runtime::backend_of(window_, table + index * 8, 8);
        if (place == 0 || runtime::read_any(place, 8) != 0) return at;
    }
    return end;
}

UserPages::Leaf UserPages::find(uint64_t address) {
    uint64_t table = top_;
    for (uint32_t shift = top_shift_;; shift -= BITS_A_LEVEL) {
        const uint64_t index = address >> shift & (ENTRIES - 1);
        const uint64_t place = runtime::backend_of(window_, table + index * 8, 8);
        if (place == 0) return {PageState::outside, end_of(address, shift), 0};
        const uint64_t entry = runtime::read_any(place, 8);
        if (shift == PAGE_BITS) {
            const uint64_t which = table ^ address >> PAGE_BITS_2M << PAGE_BITS_2M;
            if (std::exchange(last_table_, which) != which) steps_ += ENTRIES;
            if (entry != 0) return leaf_of(entry, address, shift);
            return {PageState::untouched, end_of_hole(table, address), 0};
        }
        if (entry == 0) {
            steps_++;
            return {PageState::untouched, end_of(address, shift), 0};
        }
        const bool is_large = shift == PAGE_BITS_2M || shift == PAGE_BITS_1G;
        const bool is_table = (entry & ENTRY_PRESENT) != 0 && (entry & ENTRY_LARGE) == 0;
        if (!is_table && is_large) return leaf_of(entry, address, shift);
        if (!is_table) return {PageState::outside, end_of(address, shift), 0};
        table = entry & address_bits_;
    }
}

// Says up to where it is so: of what is present the page's end.
UserPages::Leaf UserPages::copy_page(uint64_t address, std::byte* to) {
    const uint64_t end = end_of(address, PAGE_BITS);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        const Leaf before = find(address);
        if (before.state != PageState::present) return before;
        std::memcpy(to, memory_at(before.physical).data(), PAGE_SIZE);
        if (find(address) == before) return {PageState::present, end, before.physical};
    }
    return {PageState::moving, end, 0};
}

// What the walk has cost by now must be something that a real machine could cost.
Result<void> UserPages::check_budget() const {
    if (steps_ <= most_steps_ && pages_ <= most_pages_) return {};
    return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, "the process",
                "its page tables name more memory than the machine has");
}

// Pages one after the other, at most as many as there is room for.
Result<void> UserPages::copy_some(uint64_t first, uint64_t end, const Taker& take) {
    std::array<PageState, AT_ONCE / PAGE_SIZE> states{};
    const uint64_t count = (end - first) / PAGE_SIZE;
    for (uint64_t i = 0; i < count;) {
        const Leaf leaf = copy_page(first + i * PAGE_SIZE, copy_.data() + i * PAGE_SIZE);
        const uint64_t next = std::min(count, (leaf.end - first) / PAGE_SIZE);
        for (; i < next; i++) states[i] = leaf.state;
    }
    for (uint64_t i = 0; i < count;) {
        uint64_t next = i + 1;
        while (next < count && states[next] == states[i]) next++;
        UserStretch stretch{first + i * PAGE_SIZE, first + next * PAGE_SIZE, states[i], {}};
        if (states[i] == PageState::present) {
            pages_ += next - i;
            stretch.bytes = Bytes(copy_).subspan(i * PAGE_SIZE, (next - i) * PAGE_SIZE);
        }
        if (auto taken = take(stretch); !taken) return taken;
        i = next;
    }
    return {};
}

Result<void> UserPages::walk(uint64_t first, uint64_t end, const Taker& take) {
    if (first > end || end > end_of_addresses() || (first | end) % PAGE_SIZE != 0) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, "the process",
                    "it has a mapping where none can be");
    }
    for (uint64_t at = first; at < end;) {
        const Leaf leaf = find(at);
        const uint64_t leaf_end = std::min(leaf.end, end);
        if (auto good = check_budget(); !good) return good;
        if (leaf.state != PageState::present) {
            if (auto taken = take({at, leaf_end, leaf.state, {}}); !taken) return taken;
            at = leaf_end;
            continue;
        }
        // Up to the next place where the table that holds these entries may be another one.
        const uint64_t some_end = std::min(end_of(at, PAGE_BITS_2M), end);
        if (auto taken = copy_some(at, some_end, take); !taken) return taken;
        at = some_end;
    }
    return {};
}

std::string UserPages::read(uint64_t address, uint64_t size) {
    std::string text;
    std::array<std::byte, PAGE_SIZE> page{};
    while (size > 0 && address < end_of_addresses()) {
        const Leaf leaf = copy_page(address & ~(PAGE_SIZE - 1), page.data());
        if (leaf.state != PageState::present) break;
        const uint64_t within = address % PAGE_SIZE;
        const uint64_t part = std::min(size, PAGE_SIZE - within);
        text += as_text(Bytes(page).subspan(within, part));
        address += part;
        size -= part;
    }
    return text;
}

}  // namespace defib::boot
