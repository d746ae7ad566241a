// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A process' memory, through its page tables, x86-64.
//
// The kernel may go on meanwhile, also where the process is frozen: it swaps pages out, moves them,
// makes one large one of many. So what is copied is looked up again afterwards, and where the entry
// is another one by then the page is copied anew; what moves each time is named as moving.
//
// A table is nobody's word: every one is read through the window, and an honest machine has no more
// tables, and no process more pages, than fit into its RAM (pages that are mapped several times are
// allowed for). What says otherwise ends the walk.
#ifndef DEFIB_BOOT_SALVAGE_USER_PAGES_X86_64_H
#define DEFIB_BOOT_SALVAGE_USER_PAGES_X86_64_H

#include <functional>
#include <vector>

#include "engine/abi/context.h"
#include "engine/base/file.h"

namespace defib::boot {

enum class PageState : uint8_t {
    present,
    untouched,  // no entry: nothing was ever there, or a file has it
    swapped,    // in the swap, or on its way to another place
    outside,    // at an address that is no RAM
    moving,     // its entry was another one after each copy
};

struct UserStretch {
    uint64_t first = 0;
    uint64_t end = 0;
    PageState state = PageState::untouched;
    Bytes bytes;  // of what is present: a copy, good until the next stretch
};

class UserPages {
  public:
    // `top` is the physical address of the top table.
    UserPages(const DefibWindow& window, const DefibKernelMap& map, uint64_t top);

    // All of [first, end), which begins and ends with pages, in order. It ends with the error that
    // the taker gives, or with its own.
    using Taker = std::function<Result<void>(const UserStretch&)>;
    Result<void> walk(uint64_t first, uint64_t end, const Taker& take);

    // Bytes at any address, as far as they are in memory.
    std::string read(uint64_t address, uint64_t size);

    // One more than the highest address of any process.
    uint64_t end_of_addresses() const;

  private:
    struct Leaf {
        PageState state = PageState::untouched;
        uint64_t end = 0;       // up to where it is so
        uint64_t physical = 0;  // of the page at the address
        friend bool operator==(const Leaf&, const Leaf&) = default;
    };

    Leaf find(uint64_t address);
    Leaf leaf_of(uint64_t entry, uint64_t address, uint32_t shift) const;
    uint64_t end_of_hole(uint64_t table, uint64_t address) const;
    Bytes memory_at(uint64_t physical) const;
    Leaf copy_page(uint64_t address, std::byte* to);
    Result<void> copy_some(uint64_t first, uint64_t end, const Taker& take);
    Result<void> check_budget() const;

    const DefibWindow& window_;
    uint64_t address_bits_;
    uint64_t top_;
    uint32_t top_shift_;
    uint64_t last_table_ = 0;
    uint64_t steps_ = 0;  // entries looked at so far, of a lowest table all of them
    uint64_t pages_ = 0;
    uint64_t most_steps_ = 0;
    uint64_t most_pages_ = 0;
    std::vector<std::byte> copy_;
};

}  // namespace defib::boot

#endif
