// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/dump.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "boot/salvage/sink.h"
#include "engine/runtime/processor.h"

namespace defib::boot {
namespace {

constexpr uint64_t MARK_EVERY = uint64_t{64} << 20;
constexpr uint64_t BLOCK = PageUses::BLOCK * DUMP_PAGE;

// Memory that is mapped here.
class OwnPages final : public PageSource {
  public:
    OwnPages(const Target& target, const Kernel& kernel, PageChoice choice)
        : target_(target), kernel_(kernel), choice_(std::move(choice)) {}

    Result<Block> block(uint64_t physical, uint64_t size) override {
        for (const DefibRange& range :
             std::span(kernel_.window.ranges).first(kernel_.window.count)) {
            const uint64_t at = physical - range.physical;
            if (at >= range.size) continue;
            const Bytes memory(runtime::pointer_to<const std::byte>(range.backend + at), size);
            return Block{memory, choice_.choose(physical, memory)};
        }
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, target_.name(), "no memory there");
    }
    const DumpCount& count() const override { return choice_.count(); }
    Result<void> is_still_there() override {
        if (target_.is_still_there()) return {};
        return fail(DEFIB_ERROR_BOOT_TARGET_LOST, target_.name(), "it went while it was dumped");
    }

  private:
    const Target& target_;
    const Kernel& kernel_;
    PageChoice choice_;
};

class Dump {
  public:
    Dump(PageSource& source, const Kernel& kernel, const DumpOptions& options, OpenedSink out)
        : source_(source), kernel_(kernel), options_(options), out_(std::move(out)) {}

    Result<DumpCount> run();

  private:
    Result<void> take_range(const DefibRange& range, uint64_t offset);
    Result<void> take_block(uint64_t physical, uint64_t size, uint64_t offset);
    Result<void> mark_now_and_then();

    PageSource& source_;
    const Kernel& kernel_;
    const DumpOptions& options_;
    OpenedSink out_;
    uint64_t size_ = 0;  // of all RAM
    uint64_t done_ = 0;
    uint64_t done_before_ = 0;  // pages
    uint64_t marked_ = 0;
};

Result<void> Dump::take_block(uint64_t physical, uint64_t size, uint64_t offset) {
    const auto block = source_.block(physical, size);
    if (!block) return std::unexpected(block.error());
    const Bytes memory = block->memory;
    // Pages that are kept side by side are written at once.
    size_t kept_from = 0;
    const auto flush = [&](size_t until) {
        const size_t from = std::exchange(kept_from, until + DUMP_PAGE);
        const Bytes run = memory.subspan(std::min(from, until), until - std::min(from, until));
        return run.empty() ? Result<void>() : out_.sink->put(offset + (until - run.size()), run);
    };
    for (size_t at = 0; at < memory.size(); at += DUMP_PAGE) {
        if (block->kept[at / DUMP_PAGE]) continue;
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
    const uint64_t end = range.physical + range.size;
    for (uint64_t at = range.physical; at < end;) {
        const uint64_t size = std::min(end, (at / BLOCK + 1) * BLOCK) - at;
        if (done_ < out_.sink->done()) {
            done_before_ += size / DUMP_PAGE;
        } else if (auto taken = take_block(at, size, offset + (at - range.physical)); !taken) {
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
    if (auto there = source_.is_still_there(); !there) return std::unexpected(there.error());
    if (auto finished = out_.sink->finish(offset); !finished)
        return std::unexpected(finished.error());
    DumpCount count = source_.count();
    count.done_before = done_before_;
    return count;
}

}  // namespace

Result<DumpCount> dump(PageSource& source, const Kernel& kernel, const DumpOptions& options) {
    ElfHead head = make_elf_head(kernel, options.notes, {.level = options.level});
    auto out = options.output == "-" ? open_stream_sink(STDOUT_FILENO, std::move(head))
                                     : open_file_sink(options.output, kernel, std::move(head),
                                                      options.level, options.resumes);
    if (!out) return std::unexpected(out.error());
    return Dump(source, kernel, options, std::move(*out)).run();
}

Result<DumpCount> dump(const Target& target, const Kernel& kernel, const layouts::Layout& layout,
                       const DumpOptions& options) {
    auto choice = PageChoice::of(target, kernel, layout, options.level);
    if (!choice) return std::unexpected(choice.error());
    OwnPages pages(target, kernel, std::move(*choice));
    return dump(pages, kernel, options);
}

}  // namespace defib::boot
