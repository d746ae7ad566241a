// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/dump.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "boot/salvage/page_uses.h"
#include "boot/salvage/sink.h"
#include "engine/runtime/processor.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;
constexpr uint64_t NEEDS_PAGE_STRUCTURES = DUMP_LEVEL_MOST & ~uint32_t{DUMP_WITHOUT_ZERO};
constexpr uint64_t MARK_EVERY = uint64_t{64} << 20;

bool is_zero(Bytes page) {
    // Equal to itself one byte later, and the first is zero: memcmp is the fastest loop there is.
    return page.front() == std::byte{0} &&
           std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0;
}

class Dump {
  public:
    Dump(const Target& target, const Kernel& kernel, const DumpOptions& options,
         std::optional<PageUses> uses, OpenedSink out)
        : target_(target),
          kernel_(kernel),
          options_(options),
          uses_(std::move(uses)),
          out_(std::move(out)) {}

    Result<DumpCount> run();

  private:
    Result<void> take_range(const DefibRange& range, uint64_t offset);
    Result<void> take_block(uint64_t physical, Bytes memory, uint64_t offset);
    bool is_kept(Bytes page, PageUse use);
    bool is_touched(const std::byte* at);
    Result<void> mark_now_and_then();

    const Target& target_;
    const Kernel& kernel_;
    const DumpOptions& options_;
    std::optional<PageUses> uses_;
    OpenedSink out_;
    DumpCount count_;
    uint64_t size_ = 0;  // of all RAM
    uint64_t done_ = 0;
    uint64_t marked_ = 0;
    size_t extent_ = 0;
};

// Extents are in the file's order, and so is mostly what is asked for.
bool Dump::is_touched(const std::byte* at) {
    const auto& extents = target_.memory().data();
    const auto holds = [&](const Bytes& extent) {
        return at >= extent.data() && at < extent.data() + extent.size();
    };
    if (extent_ < extents.size() && holds(extents[extent_])) return true;
    const auto next =
        std::ranges::upper_bound(extents, at, {}, [](const Bytes& one) { return one.data(); });
    if (next == extents.begin()) return false;
    extent_ = static_cast<size_t>(next - extents.begin()) - 1;
    return holds(extents[extent_]);
}

bool Dump::is_kept(Bytes page, PageUse use) {
    const auto leaves_out = [&](uint32_t what, uint64_t& count) {
        const bool yes = (options_.level & what) != 0;
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
    if ((options_.level & DUMP_WITHOUT_ZERO) != 0 && is_zero(page)) {
        count_.zero++;
        return false;
    }
    count_.kept++;
    return true;
}

Result<void> Dump::take_block(uint64_t physical, Bytes memory, uint64_t offset) {
    std::array<PageUse, PageUses::BLOCK> uses{};
    const uint64_t number = physical / PAGE_SIZE;
    const uint64_t first = number / PageUses::BLOCK * PageUses::BLOCK;
    if (uses_) uses_->read(first, uses);
    // Pages that are kept side by side are written at once.
    size_t kept_from = 0;
    const auto flush = [&](size_t until) {
        const size_t from = std::exchange(kept_from, until + PAGE_SIZE);
        const Bytes run = memory.subspan(std::min(from, until), until - std::min(from, until));
        return run.empty() ? Result<void>() : out_.sink->put(offset + (until - run.size()), run);
    };
    size_t at = 0;
    for (; at < memory.size(); at += PAGE_SIZE) {
        const Bytes page = memory.subspan(at, std::min(PAGE_SIZE, memory.size() - at));
        if (is_kept(page, uses[number - first + at / PAGE_SIZE])) continue;
        if (auto written = flush(at); !written) return written;
    }
    return flush(memory.size());
}

Result<void> Dump::mark_now_and_then() {
    if (done_ - marked_ < MARK_EVERY) return {};
    marked_ = done_;
    return out_.sink->mark(out_.head.progress_at, {.done = done_, .level = options_.level});
}

Result<void> Dump::take_range(const DefibRange& range, uint64_t offset) {
    const Bytes memory(runtime::pointer_to<const std::byte>(range.backend), range.size);
    const uint64_t end = range.physical + range.size;
    for (uint64_t at = range.physical; at < end;) {
        const uint64_t block = (at / PAGE_SIZE / PageUses::BLOCK + 1) * PageUses::BLOCK * PAGE_SIZE;
        const uint64_t size = std::min(block, end) - at;
        const uint64_t from = at - range.physical;
        if (done_ < out_.sink->done()) {
            count_.done_before += size / PAGE_SIZE;
        } else if (auto taken = take_block(at, memory.subspan(from, size), offset + from); !taken) {
            return taken;
        }
        at += size;
        done_ += size;
        if (auto marked = mark_now_and_then(); !marked) return marked;
        options_.on_progress(done_, size_);
    }
    return {};
}

Result<DumpCount> Dump::run() {
    const auto ranges = std::span(kernel_.window.ranges).first(kernel_.window.count);
    for (const DefibRange& range : ranges) size_ += range.size;
    marked_ = out_.sink->done();
    if (marked_ > size_) {
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, options_.output.string() + ".unfinished",
                    "says that more is done than there is", "start anew, without --resume");
    }
    uint64_t offset = out_.head.data;
    for (const DefibRange& range : ranges) {
        if (auto taken = take_range(range, offset); !taken) return std::unexpected(taken.error());
        offset += range.size;
    }
    if (!target_.is_still_there()) {
        return fail(DEFIB_ERROR_BOOT_TARGET_LOST, target_.name(), "it went while it was dumped");
    }
    if (auto finished = out_.sink->finish(offset); !finished)
        return std::unexpected(finished.error());
    return count_;
}

}  // namespace

Result<DumpCount> dump(const Target& target, const Kernel& kernel, const layouts::Layout& layout,
                       const DumpOptions& options) {
    std::optional<PageUses> uses;
    if ((options.level & NEEDS_PAGE_STRUCTURES) != 0) {
        auto known = PageUses::of(target, kernel, layout);
        if (!known) return std::unexpected(known.error());
        uses.emplace(std::move(*known));
    }
    ElfHead head = make_elf_head(kernel, options.notes, {.level = options.level});
    auto out = options.output == "-" ? open_stream_sink(STDOUT_FILENO, std::move(head))
                                     : open_file_sink(options.output, kernel, std::move(head),
                                                      options.level, options.resumes);
    if (!out) return std::unexpected(out.error());
    return Dump(target, kernel, options, std::move(uses), std::move(*out)).run();
}

}  // namespace defib::boot
