// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote_dump.h"

#include <fmt/format.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "boot/commands/dump_notes.h"
#include "boot/commands/one_sided_dump.h"
#include "boot/commands/remote_session.h"

namespace defib::boot {
namespace {

using std::chrono::milliseconds;

// Another remote may come in between, or the guard be busy with a repair.
constexpr int TRIES = 3;

class RemotePages final : public PageSource {
  public:
    RemotePages(remote::Client& client, const std::optional<remote::Key>& key,
                const DumpArguments& arguments)
        : client_(client), key_(key), arguments_(arguments), nonce_(client.nonce()) {}

    Result<Block> block(uint64_t physical, uint64_t size) override {
        const DefibRemoteMemory wanted{
            .address = physical,
            .pages = static_cast<uint32_t>((size + DUMP_PAGE - 1) / DUMP_PAGE),
            .level = arguments_.level};
        const auto text = ask(as_words(wanted));
        if (!text) return std::unexpected(text.error());
        const auto told = read_pages(*text, wanted.pages, arguments_.to);
        if (!told) return std::unexpected(told.error());
        count(told->head, wanted.pages);
        return Block{Bytes(buffer_).first(size), spread(*told)};
    }
    const DumpCount& count() const override { return count_; }
    void forget_count() { count_ = {}; }
    Result<void> is_still_there() override {
        if (const auto head = client_.head(); !head) return std::unexpected(head.error());
        if (client_.nonce() == nonce_) return {};
        return fail(DEFIB_ERROR_BOOT_TARGET_LOST, arguments_.to, "the guard was started anew",
                    "take the dump again");
    }

  private:
    Result<std::string> ask(const std::string& words) {
        for (int i = 1;; i++) {
            auto text = ask_remote(client_, DEFIB_REMOTE_MEMORY, words, key_, arguments_.to,
                                   milliseconds(arguments_.deadline_ms));
            const bool may_pass = !text && text.error().code == DEFIB_ERROR_BOOT_ENGINE;
            if (may_pass && i < TRIES) continue;
            if (may_pass && arguments_.output != "-") text.error().advice = "go on with --resume";
            return text;
        }
    }

    // Each to its place.
    Kept spread(const ToldPages& told) {
        Kept kept;
        std::string_view rest = told.pages;
        for (size_t i = 0; i < kept.size() && !rest.empty(); i++) {
            kept[i] = (told.head.came[i / 64] >> i % 64 & 1) != 0;
            if (!kept[i]) continue;
            std::memcpy(buffer_.data() + i * DUMP_PAGE, rest.data(), DUMP_PAGE);
            rest.remove_prefix(DUMP_PAGE);
        }
        return kept;
    }

    void count(const DefibRemotePages& head, uint32_t pages) {
        count_.pages += pages;
        count_.kept += head.kept;
        count_.untouched += head.untouched;
        count_.zero += head.zero;
        count_.cache += head.cache;
        count_.user += head.user;
        count_.free += head.free;
    }

    remote::Client& client_;
    const std::optional<remote::Key>& key_;
    const DumpArguments& arguments_;
    remote::Nonce nonce_;
    DumpCount count_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(PageUses::BLOCK * DUMP_PAGE);
};

// What the guard shows for programs becomes notes as it is; the summary is what it shows people.
DumpNotes notes_of(remote::Client& client, const DumpArguments& arguments,
                   const std::string& release) {
    DumpNotes taken;
    taken.summary = fmt::format("kernel    {}\n", printable(release));
    const auto ask = [&](DefibRemoteKind kind, const char* words) {
        auto text = ask_remote(client, kind, words, std::nullopt, arguments.to,
                               milliseconds(arguments.deadline_ms));
        if (!text) taken.missing.push_back(text.error());
        return text;
    };
    struct View {
        DefibRemoteKind remote;
        NoteKind note;
        const char* title;
    };
    constexpr View VIEWS[] = {{DEFIB_REMOTE_STAT, NoteKind::statistics, ""},
                              {DEFIB_REMOTE_LOCKS, NoteKind::locks, "\nwho waits\n"},
                              {DEFIB_REMOTE_PS, NoteKind::processes, "\nprocesses\n"}};
    for (const View& view : VIEWS) {
        const auto json = ask(view.remote, "json");
        if (!json) continue;
        if (nlohmann::json::accept(*json)) taken.notes.push_back({view.note, *json});
        if (const auto text = ask(view.remote, "")) taken.summary += view.title + *text;
    }
    if (const auto log = ask(DEFIB_REMOTE_LOG, "")) {
        taken.notes.push_back({NoteKind::log, *log});
        taken.summary += "\nthe log's last lines\n" + last_lines(*log);
    }
    taken.notes.push_back({NoteKind::summary, taken.summary});
    return taken;
}

}  // namespace

Result<DumpTaken> take_remote_dump(const DumpArguments& arguments, const DumpProgressShown& shown) {
    std::optional<remote::Key> key;
    if (!arguments.key.empty()) {
        const auto read = remote::read_key(arguments.key);
        if (!read) return std::unexpected(read.error());
        key = *read;
    }
    if (arguments.is_one_sided) return take_one_sided_dump(arguments, key, shown);
    const auto way = remote::connect_to(arguments.to, key);
    if (!way) return std::unexpected(way.error());
    remote::Client client(**way);
    const milliseconds within(arguments.deadline_ms);
    const auto answer =
        ask_remote(client, DEFIB_REMOTE_SESSION, "", std::nullopt, arguments.to, within);
    if (!answer) return std::unexpected(answer.error());
    const auto told = read_session(*answer, routine_set().manifest, arguments.to);
    if (!told) return std::unexpected(told.error());
    DumpTaken taken;
    taken.notes = notes_of(client, arguments, told->kernel.info.release());
    const DumpOptions options{.output = arguments.output,
                              .level = arguments.level,
                              .resumes = arguments.resumes,
                              .notes = taken.notes.notes,
                              .on_progress = shown};
    RemotePages pages(client, key, arguments);
    // A refusal is said before a file is made.
    const DefibRange& first = told->kernel.window.ranges[0];
    if (const auto one = pages.block(first.physical, DUMP_PAGE); !one) {
        return std::unexpected(one.error());
    }
    pages.forget_count();
    const auto count = dump(pages, told->kernel, options);
    if (!count) return std::unexpected(count.error());
    taken.count = *count;
    return taken;
}

}  // namespace defib::boot
