// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote_session.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "engine/routines/views/log_records.h"

namespace defib::boot {
namespace {

// Of the kernel's log; as many as a console shows.
constexpr size_t MOST_MESSAGES = 2000;
constexpr size_t MESSAGE = sizeof(DefibRecordHeader) + sizeof(DefibLogRecord);

// One command is the same as another one where it asks the same; where a picture of an object
// begins is the binding's, and each side has its own.
using Question = std::array<uint64_t, 3 + DEFIB_ARGUMENTS>;
Question question_of(const DefibCommand& command) {
    Question question = {command.kind, command.view.item, command.view.collector};
    std::ranges::copy(command.arguments, question.begin() + 3);
    return question;
}

}  // namespace

class RemoteEngine final : public Engine {
  public:
    RemoteEngine(std::string from, std::optional<uint32_t> log)
        : from_(std::move(from)), log_(log) {}

    void take(std::vector<ToldLook> looks) {
        looks_.clear();
        for (ToldLook& look : looks) {
            if (look.command.kind == DEFIB_COMMAND_VIEW && look.command.view.item == log_) {
                add_messages(look);
                look.records = messages_;
                look.answer.records.used = static_cast<uint32_t>(messages_.size());
                look.answer.records.count = static_cast<uint32_t>(messages_.size() / MESSAGE);
                log_look_ = look;
                continue;
            }
            const Question question = question_of(look.command);
            looks_[question] = std::move(look);
        }
        if (log_look_) looks_[question_of(log_look_->command)] = *log_look_;
    }
    // The first message that is not here yet.
    uint64_t next_message() const { return next_message_; }

    Result<DefibAnswer> carry_out(const DefibCommand& command) override {
        const auto look = looks_.find(question_of(command));
        if (look == looks_.end()) {
            return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, from_, "it has not looked at that");
        }
        DefibAnswer answer = look->second.answer;
        answer.records.bytes = reinterpret_cast<uint64_t>(look->second.records.data());
        return answer;
    }

    Result<uint64_t> heartbeat() override { return uint64_t{0}; }
    const DefibJournal& journal() const override { return journal_; }
    double ns_a_tick() const override { return 1; }
    std::string name() const override { return from_; }
    Result<void> guard(const DefibResponder&) override { return not_here(); }
    Result<Tended> tend() override { return std::unexpected(not_here().error()); }
    void tell_to_stop() override {}
    Result<void> restart() override { return not_here(); }

  private:
    Result<void> not_here() const {
        return fail(DEFIB_ERROR_BOOT_ENGINE, from_, "its engine is the guard's");
    }

    void add_messages(const ToldLook& look) {
        std::string_view rest = look.records;
        while (rest.size() >= MESSAGE) {
            DefibRecordHeader header;
            DefibLogRecord message;
            std::memcpy(&header, rest.data(), sizeof header);
            std::memcpy(&message, rest.data() + sizeof header, sizeof message);
            if (header.kind != DEFIB_RECORD_LOG || header.size != sizeof message) return;
            if (message.sequence >= next_message_) {
                messages_.append(rest.substr(0, MESSAGE));
                next_message_ = message.sequence + 1;
            }
            rest.remove_prefix(MESSAGE);
        }
        const size_t most = MOST_MESSAGES * MESSAGE;
        if (messages_.size() > most) messages_.erase(0, messages_.size() - most);
    }

    std::string from_;
    std::optional<uint32_t> log_;  // the number of the log's view
    std::map<Question, ToldLook> looks_;
    std::optional<ToldLook> log_look_;
    std::string messages_;
    uint64_t next_message_ = 0;
    DefibJournal journal_{};  // what the guard has told lies elsewhere
};

Result<std::string> ask_remote(remote::Client& client, DefibRemoteKind kind,
                               const std::string& words, const std::optional<remote::Key>& key,
                               const std::string& from, std::chrono::milliseconds within) {
    auto told = client.ask(kind, words, key, within);
    if (!told) return std::unexpected(told.error());
    if (told->status == DEFIB_REMOTE_DONE) return std::move(told->text);
    std::string why = told->status == DEFIB_REMOTE_NOT_DONE ? printable(told->text)
                                                            : remote::status_text(told->status);
    while (why.ends_with('\n')) why.pop_back();
    return fail(DEFIB_ERROR_BOOT_NOT_DONE, from, std::move(why));
}

RemoteSession::RemoteSession(remote::Client& client, std::string from,
                             std::chrono::milliseconds within, Told told)
    : client_(client), from_(std::move(from)), within_(within), told_(told) {}

RemoteSession::~RemoteSession() = default;

Result<std::unique_ptr<RemoteSession>> RemoteSession::open(remote::Client& client, std::string from,
                                                           std::chrono::milliseconds within,
                                                           Told how) {
    std::unique_ptr<RemoteSession> self(new RemoteSession(client, std::move(from), within, how));
    const auto head = client.head();
    if (!head) return std::unexpected(head.error());
    std::ranges::copy(head->nonce, self->nonce_.begin());
    const auto answer =
        how == Told::before ? client.kept_session() : self->ask(DEFIB_REMOTE_SESSION, "");
    if (!answer) return std::unexpected(answer.error());
    auto told = read_session(*answer, routine_set().manifest, self->from_);
    if (!told) return std::unexpected(told.error());
    auto manifest = read_manifest(routine_set().manifest, "the manifest of the routines");
    if (!manifest) return std::unexpected(manifest.error());
    SessionParts parts;
    parts.target = Target::elsewhere(told->target + " at " + self->from_, told->kind);
    parts.kernel = std::move(told->kernel);
    parts.layout = std::move(told->layout);
    parts.bound.routines.resize(manifest->routines.size());
    for (size_t i = 0; i < manifest->routines.size(); i++) {
        const auto off = told->off.find(manifest->routines[i].name);
        if (off != told->off.end()) parts.bound.routines[i].why_off = off->second;
    }
    auto engine = std::make_unique<RemoteEngine>(self->from_, manifest->number_of("log_message"));
    self->engine_ = engine.get();
    self->names_ = std::move(told->names);
    for (uint32_t i = 0; i < manifest->routines.size(); i++) {
        self->names_[{NameOf::routine, i}] = manifest->routines[i].name;
    }
    for (uint32_t i = 0; i < manifest->fields.size(); i++) {
        self->names_[{NameOf::field, i}] = manifest->fields[i];
    }
    self->start_ns_ = told->start_ns;
    parts.engine = std::move(engine);
    parts.manifest = std::move(*manifest);
    self->session_ = Session::over(std::move(parts));
    return self;
}

Result<std::string> RemoteSession::ask(DefibRemoteKind kind, const std::string& words) {
    auto told = ask_remote(client_, kind, words, std::nullopt, from_, within_);
    if (told && client_.nonce() != nonce_) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, from_, "the guard was started anew");
    }
    return told;
}

Result<void> RemoteSession::take_picture(Log log) {
    const DefibRemotePicture wanted{.log_from = engine_->next_message(),
                                    .has_log = log == Log::as_well ? 1U : 0U,
                                    .reserved = 0};
    const auto told = ask(DEFIB_REMOTE_PICTURE, as_words(wanted));
    if (!told) return std::unexpected(told.error());
    auto looks = read_picture(*told, from_);
    if (!looks) return std::unexpected(looks.error());
    engine_->take(std::move(*looks));
    return {};
}

Result<std::vector<DefibJournalEntry>> RemoteSession::read_journal_on(uint64_t& lost) {
    lost = 0;
    const auto told = told_ == Told::before ? client_.kept_journal()
                                            : ask(DEFIB_REMOTE_JOURNAL, as_words(read_ + 1));
    if (!told) return std::unexpected(told.error());
    auto entries = read_entries(*told, from_);
    if (!entries || entries->empty()) return entries;
    if (entries->front().sequence > read_ + 1) lost = entries->front().sequence - read_ - 1;
    read_ = std::max(read_, entries->back().sequence);
    // The engine had a life before the guard's.
    std::erase_if(*entries, [this](const auto& entry) { return entry.time_ns < start_ns_; });
    return entries;
}

}  // namespace defib::boot
