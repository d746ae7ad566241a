// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/page_choice.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/runtime/processor.h"

namespace defib::boot {
namespace {

constexpr uint32_t NEEDS_PAGE_STRUCTURES = DUMP_LEVEL_MOST & ~uint32_t{DUMP_WITHOUT_ZERO};

static_assert(DUMP_PAGE == DEFIB_REMOTE_PAGE && PageUses::BLOCK == DEFIB_REMOTE_PAGES);

bool is_zero(Bytes page) {
    // Equal to itself one byte later, and the first is zero: memcmp is the fastest loop there is.
    return page.front() == std::byte{0} &&
           std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0;
}

}  // namespace

Bytes pages_asked_for(const DefibWindow& window, const DefibRemoteMemory& wanted) {
    const uint64_t in_block = wanted.address / DUMP_PAGE % PageUses::BLOCK;
    if (wanted.pages == 0 || wanted.pages > PageUses::BLOCK || wanted.address % DUMP_PAGE != 0 ||
        in_block > PageUses::BLOCK - wanted.pages || wanted.level > DUMP_LEVEL_MOST) {
        return {};
    }
    const uint64_t size = uint64_t{wanted.pages} * DUMP_PAGE;
    for (const DefibRange& range : std::span(window.ranges).first(window.count)) {
        if (wanted.address < range.physical) continue;
        const uint64_t at = wanted.address - range.physical;
        if (at >= range.size || size > range.size - at) continue;
        return {runtime::pointer_to<const std::byte>(range.backend + at), size};
    }
    return {};
}

Result<PageChoice> PageChoice::of(const Target& target, const Kernel& kernel,
                                  const layouts::Layout& layout, uint32_t level) {
    std::optional<PageUses> uses;
    if ((level & NEEDS_PAGE_STRUCTURES) != 0) {
        auto known = PageUses::of(target, kernel, layout);
        if (!known) return std::unexpected(known.error());
        uses.emplace(std::move(*known));
    }
    return PageChoice(level, target.memory().data_now(), std::move(uses));
}

// Extents are in the file's order, and so is mostly what is asked for.
bool PageChoice::is_touched(const std::byte* at) {
    const auto holds = [&](const Bytes& extent) {
        return at >= extent.data() && at < extent.data() + extent.size();
    };
    if (extent_ < touched_.size() && holds(touched_[extent_])) return true;
    const auto next =
        std::ranges::upper_bound(touched_, at, {}, [](const Bytes& one) { return one.data(); });
    if (next == touched_.begin()) return false;
    extent_ = static_cast<size_t>(next - touched_.begin()) - 1;
    return holds(touched_[extent_]);
}

bool PageChoice::is_kept(Bytes page, PageUse use) {
    const auto leaves_out = [&](uint32_t what, uint64_t& count) {
        const bool yes = (level_ & what) != 0;
        count += yes ? 1 : 0;
        return yes;
    };
    count_.pages++;
    // In a dump of an ELF file a page may begin in the middle of one of the file's.
    if (!is_touched(&page.front()) && !is_touched(&page.back())) {
        count_.untouched++;
        return false;
    }
    if (use == PageUse::free && leaves_out(DUMP_WITHOUT_FREE, count_.free)) return false;
    if (use == PageUse::user && leaves_out(DUMP_WITHOUT_USER, count_.user)) return false;
    if (use == PageUse::cache &&
        leaves_out(DUMP_WITHOUT_CACHE | DUMP_WITHOUT_PRIVATE_CACHE, count_.cache))
        return false;
    if (use == PageUse::private_cache && leaves_out(DUMP_WITHOUT_PRIVATE_CACHE, count_.cache))
        return false;
    if ((level_ & DUMP_WITHOUT_ZERO) != 0 && is_zero(page)) {
        count_.zero++;
        return false;
    }
    count_.kept++;
    return true;
}

Kept PageChoice::choose(uint64_t physical, Bytes memory) {
    std::array<PageUse, PageUses::BLOCK> uses{};
    const uint64_t number = physical / DUMP_PAGE;
    const uint64_t first = number / PageUses::BLOCK * PageUses::BLOCK;
    if (uses_) uses_->read(first, uses);
    Kept kept;
    for (size_t at = 0, page = 0; at < memory.size(); at += DUMP_PAGE, page++) {
        const Bytes bytes = memory.subspan(at, std::min(DUMP_PAGE, memory.size() - at));
        kept[page] = is_kept(bytes, uses.at(number - first + page));
    }
    return kept;
}

std::string PageChoice::pages_for_remote(uint64_t physical, Bytes memory) {
    count_ = {};
    const Kept kept = choose(physical, memory);
    const auto number = [](uint64_t count) { return static_cast<uint32_t>(count); };
    DefibRemotePages head{.kept = number(count_.kept),
                          .untouched = number(count_.untouched),
                          .zero = number(count_.zero),
                          .cache = number(count_.cache),
                          .user = number(count_.user),
                          .free = number(count_.free),
                          .came = {}};
    std::string text(sizeof head, '\0');
    text.reserve(sizeof head + count_.kept * DUMP_PAGE);
    for (size_t page = 0; page * DUMP_PAGE < memory.size(); page++) {
        if (!kept[page]) continue;
        head.came[page / 64] |= uint64_t{1} << page % 64;
        const Bytes bytes = memory.subspan(page * DUMP_PAGE, DUMP_PAGE);
        text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    std::memcpy(text.data(), &head, sizeof head);
    return text;
}

}  // namespace defib::boot
