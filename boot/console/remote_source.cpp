// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/remote_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "boot/backend/engine_state.h"
#include "boot/commands/remote_session.h"
#include "boot/console/acting.h"
#include "boot/console/findings.h"
#include "boot/console/remote_words.h"
#include "boot/console/watcher.h"

namespace defib::boot::console {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;
constexpr auto BETWEEN_TRIES = std::chrono::milliseconds(500);
// The whole of the kernel's log is read for its end.
constexpr uint64_t BETWEEN_LOGS_NS = NS_A_SECOND;
// Who leaves does not wait for somebody else's network.
constexpr auto MOST_LEAVING = std::chrono::milliseconds(300);
constexpr const char* NO_KEY =
    "it is not asked for: who acts from here needs the operator's key (--key FILE)";

}  // namespace

// -- What both threads have ----------------------------------------------------------------------

struct RemoteSource::Shared {
    std::mutex mutex;
    std::condition_variable_any changed;
    Picture picture;
    uint64_t seen_ns = 0;  // when the picture came
    std::string trouble;   // why none has come since
    std::vector<RepairRow> repairs;
    bool is_over = false;

    struct Wish {
        uint64_t number = 0;
        bool is_act = false;
        std::string words;
    };
    Wish wish;               // the last one
    uint64_t told_wish = 0;  // the one that `told` is of
    std::optional<Told> told;
};

// -- The thread that asks ------------------------------------------------------------------------

class RemoteSource::Asking {
  public:
    Asking(Options options, std::shared_ptr<Shared> shared, std::stop_token stop)
        : options_(std::move(options)), shared_(std::move(shared)), stop_(std::move(stop)) {}

    Result<void> connect();
    Result<void> look();
    void run();

  private:
    void add_findings(const std::vector<DefibJournalEntry>& entries, uint64_t lost);
    Told answer(const Shared::Wish& wish);
    Told plan(const std::string& words);
    Told act();
    Result<ToldRepair> ask_for_repair(DefibRemoteKind kind, const std::string& words);
    bool answer_wish();
    void rest(std::chrono::nanoseconds time);
    void say(const Error& trouble);

    Options options_;
    std::shared_ptr<Shared> shared_;
    std::stop_token stop_;
    std::unique_ptr<remote::OneSided> way_;
    std::unique_ptr<remote::Client> client_;
    std::unique_ptr<RemoteSession> session_;
    std::unique_ptr<Watcher> watcher_;
    std::vector<FindingRow> findings_;
    uint64_t log_ns_ = 0;
    uint64_t done_wish_ = 0;
    std::string planned_;  // the words of the plan that was shown last
};

Result<void> RemoteSource::Asking::connect() {
    watcher_.reset();
    session_.reset();
    auto way = remote::connect_to(options_.where, options_.key);
    if (!way) return std::unexpected(way.error());
    way_ = std::move(*way);
    client_ = std::make_unique<remote::Client>(*way_, stop_);
    auto session = RemoteSession::open(*client_, options_.where, options_.within);
    if (!session) return std::unexpected(session.error());
    session_ = std::move(*session);
    watcher_ = std::make_unique<Watcher>(session_->session());
    findings_.clear();
    log_ns_ = 0;
    planned_.clear();
    const std::scoped_lock lock(shared_->mutex);
    shared_->repairs = repairs_of(session_->session());
    return {};
}

void RemoteSource::Asking::add_findings(const std::vector<DefibJournalEntry>& entries,
                                        uint64_t lost) {
    if (lost != 0) {
        findings_.push_back(
            {fmt::format("... {} entries were overwritten before", lost), Weight::change});
    }
    Narrator narrator(session_->names(), session_->start_ns());
    for (const DefibJournalEntry& entry : entries) {
        const bool is_of_person = entry.kind == DEFIB_JOURNAL_EXECUTED && entry.case_number == 0;
        if (!is_of_person) append_finding(findings_, narrator, entry);
    }
}

Result<void> RemoteSource::Asking::look() {
    const uint64_t now = now_ns();
    const bool wants_log = log_ns_ == 0 || now - log_ns_ >= BETWEEN_LOGS_NS;
    auto seen = session_->take_picture(wants_log ? RemoteSession::Log::as_well
                                                 : RemoteSession::Log::left_out);
    if (!seen) return seen;
    if (wants_log) log_ns_ = now;
    uint64_t lost = 0;
    const auto entries = session_->read_journal_on(lost);
    if (!entries) return std::unexpected(entries.error());
    add_findings(*entries, lost);
    const uint64_t seen_ns = now_ns();
    watcher_->look(seen_ns);
    Picture picture = watcher_->picture();
    picture.target = options_.where;
    picture.findings = findings_;
    picture.findings_from = "the guard";
    const std::scoped_lock lock(shared_->mutex);
    shared_->picture = std::move(picture);
    shared_->seen_ns = seen_ns;
    shared_->trouble.clear();
    return {};
}

void RemoteSource::Asking::say(const Error& trouble) {
    const std::scoped_lock lock(shared_->mutex);
    shared_->trouble = to_line(trouble);
}

// Until it is told to stop or something is wished.
void RemoteSource::Asking::rest(std::chrono::nanoseconds time) {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, stop_, time,
                              [this] { return shared_->wish.number != done_wish_; });
}

void RemoteSource::Asking::run() {
    while (!stop_.stop_requested()) {
        const uint64_t begin = now_ns();
        auto done = session_ ? Result<void>() : connect();
        if (done && !answer_wish()) done = look();
        if (done) {
            const std::chrono::nanoseconds took(now_ns() - begin);
            rest(std::max(options_.period - took, std::chrono::nanoseconds(0)));
            continue;
        }
        say(done.error());
        session_.reset();
        answer_wish();
        rest(BETWEEN_TRIES);
    }
    const std::scoped_lock lock(shared_->mutex);
    shared_->is_over = true;
    shared_->changed.notify_all();
}

// -- Repairs -------------------------------------------------------------------------------------

// True: there was one.
bool RemoteSource::Asking::answer_wish() {
    Shared::Wish wish;
    {
        const std::scoped_lock lock(shared_->mutex);
        wish = shared_->wish;
    }
    if (wish.number == done_wish_) return false;
    done_wish_ = wish.number;
    Told told = answer(wish);
    const std::scoped_lock lock(shared_->mutex);
    shared_->told = std::move(told);
    shared_->told_wish = wish.number;
    return true;
}

Told RemoteSource::Asking::answer(const Shared::Wish& wish) {
    if (session_) return wish.is_act ? act() : plan(wish.words);
    return {.heading = wish.words, .verdict = "nobody answers there now"};
}

Result<ToldRepair> RemoteSource::Asking::ask_for_repair(DefibRemoteKind kind,
                                                        const std::string& words) {
    const auto told = client_->ask(kind, "json " + words, options_.key, options_.within);
    if (!told) return std::unexpected(told.error());
    const bool is_tried =
        told->status == DEFIB_REMOTE_DONE || told->status == DEFIB_REMOTE_NOT_DONE;
    if (!is_tried) {
        return fail(DEFIB_ERROR_BOOT_NOT_DONE, options_.where, remote::status_text(told->status));
    }
    // What was not understood is answered with a line for people.
    if (!told->text.starts_with('{')) {
        std::string line = printable(told->text);
        while (line.ends_with('\n')) line.pop_back();
        return fail(DEFIB_ERROR_BASE_USAGE, options_.where, std::move(line));
    }
    return read_repair(told->text, options_.where);
}

Told RemoteSource::Asking::plan(const std::string& words) {
    planned_.clear();
    const auto planned = ask_for_repair(DEFIB_REMOTE_PLAN, words);
    if (!planned) {
        return {.heading = words,
                .verdict = to_line(planned.error()),
                .is_to_retype = planned.error().code == DEFIB_ERROR_BASE_USAGE};
    }
    Told told = told_of_plan(*planned);
    if (told.is_well) planned_ = words_of(session_->session().manifest(), *planned);
    return told;
}

Told RemoteSource::Asking::act() {
    if (planned_.empty()) return {.heading = "", .verdict = "there is no plan any more"};
    // With the values of the plan that was shown: the routine finds out whether they still hold.
    const std::string words = std::exchange(planned_, {});
    const auto done = ask_for_repair(DEFIB_REMOTE_ACT, words);
    if (!done) return {.heading = words, .verdict = to_line(done.error())};
    return told_of_repair(*done);
}

// -- The console's side --------------------------------------------------------------------------

Result<std::unique_ptr<RemoteSource>> RemoteSource::open(const Options& options) {
    std::unique_ptr<RemoteSource> source(new RemoteSource);
    source->shared_ = std::make_shared<Shared>();
    source->has_key_ = options.key.has_value();
    auto asking = std::make_shared<Asking>(options, source->shared_, source->stop_.get_token());
    if (auto connected = asking->connect(); !connected) return std::unexpected(connected.error());
    if (auto seen = asking->look(); !seen) return std::unexpected(seen.error());
    source->thread_ = std::thread([asking] { asking->run(); });
    return source;
}

// A thread that waits for the network is left to the end of the process: it has nothing but its
// own.
RemoteSource::~RemoteSource() {
    if (!thread_.joinable()) return;
    stop_.request_stop();
    std::unique_lock lock(shared_->mutex);
    const bool is_over =
        shared_->changed.wait_for(lock, MOST_LEAVING, [this] { return shared_->is_over; });
    lock.unlock();
    if (is_over) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

void RemoteSource::look(uint64_t now_ns) {
    const std::scoped_lock lock(shared_->mutex);
    picture_ = shared_->picture;
    picture_.silent_seconds =
        static_cast<double>(now_ns - std::min(now_ns, shared_->seen_ns)) / NS_A_SECOND;
    if (!shared_->trouble.empty())
        picture_.troubles.insert(picture_.troubles.begin(), shared_->trouble);
}

std::vector<RepairRow> RemoteSource::repairs() {
    const std::scoped_lock lock(shared_->mutex);
    return shared_->repairs;
}

std::optional<Told> RemoteSource::want(bool is_act, const std::string& words) {
    if (!has_key_) return Told{.heading = words, .verdict = NO_KEY};
    const std::scoped_lock lock(shared_->mutex);
    shared_->wish = {shared_->wish.number + 1, is_act, words};
    shared_->told.reset();
    shared_->changed.notify_all();
    return std::nullopt;
}

std::optional<Told> RemoteSource::plan(const std::vector<std::string>& words) {
    return want(false, fmt::format("{}", fmt::join(words, " ")));
}

std::optional<Told> RemoteSource::carry_out() {
    return want(true, "");
}

std::optional<Told> RemoteSource::told() {
    const std::scoped_lock lock(shared_->mutex);
    if (shared_->told_wish != shared_->wish.number) return std::nullopt;
    return std::exchange(shared_->told, std::nullopt);
}

}  // namespace defib::boot::console
