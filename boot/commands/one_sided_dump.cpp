// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/one_sided_dump.h"

#include <fmt/format.h>

#include <algorithm>

#include "boot/commands/remote_told.h"
#include "boot/remote/client.h"
#include "boot/session/session.h"

namespace defib::boot {
namespace {

class OneSidedPages final : public PageSource {
  public:
    OneSidedPages(remote::OneSided& memory, remote::Client& client, const DumpArguments& arguments)
        : memory_(memory), client_(client), arguments_(arguments) {}

    // Whose memory it is now.
    Result<void> begin() {
        const auto head = client_.head();
        if (!head) return std::unexpected(head.error());
        std::ranges::copy(head->nonce, nonce_.begin());
        return {};
    }

    Result<Block> block(uint64_t physical, uint64_t size) override {
        const auto bytes = std::span(buffer_).first(size);
        auto read = memory_.read(remote::TARGET_MEMORY | physical,
                                 {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
        if (!read) return std::unexpected(read.error());
        Kept kept;
        const size_t pages = (size + DUMP_PAGE - 1) / DUMP_PAGE;
        for (size_t i = 0; i < pages; i++) kept[i] = is_kept(bytes, i);
        count_.pages += pages;
        count_.kept += kept.count();
        count_.zero += pages - kept.count();
        return Block{bytes, kept};
    }
    const DumpCount& count() const override { return count_; }

    Result<void> is_still_there() override {
        const auto head = client_.head();
        if (!head) return std::unexpected(head.error());
        if (std::ranges::equal(head->nonce, nonce_)) return {};
        return fail(DEFIB_ERROR_BOOT_TARGET_LOST, arguments_.to, "the guard was started anew",
                    "take the dump again");
    }

  private:
    bool is_kept(std::span<const std::byte> bytes, size_t page) const {
        if ((arguments_.level & DUMP_WITHOUT_ZERO) == 0) return true;
        const auto rest = bytes.subspan(page * DUMP_PAGE);
        return std::ranges::any_of(rest.first(std::min<size_t>(rest.size(), DUMP_PAGE)),
                                   [](std::byte one) { return one != std::byte{0}; });
    }

    remote::OneSided& memory_;
    remote::Client& client_;
    const DumpArguments& arguments_;
    remote::Nonce nonce_{};
    DumpCount count_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(PageUses::BLOCK * DUMP_PAGE);
};

}  // namespace

Result<DumpTaken> take_one_sided_dump(const DumpArguments& arguments,
                                      const std::optional<remote::Key>& key,
                                      const DumpProgressShown& shown) {
    if (arguments.level > DUMP_WITHOUT_ZERO) {
        return fail(DEFIB_ERROR_BASE_USAGE, "--level",
                    "one-sided, nobody there tells what its pages are for", "0 or 1");
    }
    const auto way = remote::connect_to(arguments.to, key);
    if (!way) return std::unexpected(way.error());
    remote::Client client(**way);
    OneSidedPages pages(**way, client, arguments);
    if (auto begun = pages.begin(); !begun) return std::unexpected(begun.error());
    const auto kept = client.kept_session();
    if (!kept) return std::unexpected(kept.error());
    const auto told = read_session(*kept, routine_set().manifest, arguments.to);
    if (!told) return std::unexpected(told.error());
    // A refusal is said before a file is made.
    uint8_t first = 0;
    const uint64_t at = remote::TARGET_MEMORY | told->kernel.window.ranges[0].physical;
    if (auto read = (*way)->read(at, {&first, 1}); !read) return std::unexpected(read.error());
    DumpTaken taken;
    taken.notes.summary = fmt::format("kernel    {}\n", printable(told->kernel.info.release()));
    taken.notes.notes.push_back({NoteKind::summary, taken.notes.summary});
    const DumpOptions options{.output = arguments.output,
                              .level = arguments.level,
                              .resumes = arguments.resumes,
                              .notes = taken.notes.notes,
                              .on_progress = shown};
    const auto count = dump(pages, told->kernel, options);
    if (!count) return std::unexpected(count.error());
    taken.count = *count;
    return taken;
}

}  // namespace defib::boot
