// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which pages a dump keeps, by its level. Who reads a target's memory decides it, here or for a
// remote, so that what nobody wants does not travel.
#ifndef DEFIB_BOOT_SALVAGE_PAGE_CHOICE_H
#define DEFIB_BOOT_SALVAGE_PAGE_CHOICE_H

#include <bitset>
#include <string>

#include "boot/salvage/page_uses.h"
#include "engine/abi/remote.h"

namespace defib::boot {

// What to leave out; the numbers are makedumpfile's (-d).
enum DumpLevel : uint32_t {
    DUMP_WITHOUT_ZERO = 1,
    DUMP_WITHOUT_CACHE = 2,          // pages of files, but for those with private data
    DUMP_WITHOUT_PRIVATE_CACHE = 4,  // these too
    DUMP_WITHOUT_USER = 8,           // what processes hold
    DUMP_WITHOUT_FREE = 16,
    DUMP_LEVEL_MOST = 31,
};

struct DumpCount {
    uint64_t pages = 0;
    uint64_t kept = 0;
    uint64_t untouched = 0;  // holes in the memory's own file: never written by the target
    uint64_t zero = 0;
    uint64_t cache = 0;
    uint64_t user = 0;
    uint64_t free = 0;
    uint64_t done_before = 0;  // by the run that this one goes on for
};

inline constexpr uint64_t DUMP_PAGE = 4096;
using Kept = std::bitset<PageUses::BLOCK>;  // of pages one after the other, the first as bit 0

// What a remote asks for, where it is whole pages of one block and of one range of the target's
// RAM; else nothing.
Bytes pages_asked_for(const DefibWindow& window, const DefibRemoteMemory& wanted);

class PageChoice {
  public:
    // What the target has touched is as of now. Fails where its kernel does not tell what the level
    // needs to know.
    static Result<PageChoice> of(const Target& target, const Kernel& kernel,
                                 const layouts::Layout& layout, uint32_t level);

    // Of these pages, which are of one block.
    Kept choose(uint64_t physical, Bytes memory);
    const DumpCount& count() const { return count_; }

    // The same as a remote gets it: DefibRemotePages, and those that are kept.
    std::string pages_for_remote(uint64_t physical, Bytes memory);

  private:
    PageChoice(uint32_t level, std::vector<Bytes> touched, std::optional<PageUses> uses)
        : level_(level), touched_(std::move(touched)), uses_(std::move(uses)) {}
    bool is_kept(Bytes page, PageUse use);
    bool is_touched(const std::byte* at);

    uint32_t level_;
    std::vector<Bytes> touched_;
    std::optional<PageUses> uses_;
    DumpCount count_;
    size_t extent_ = 0;
};

}  // namespace defib::boot

#endif
