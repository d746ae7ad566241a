// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/run.h"

#include <fmt/format.h>

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "boot/backend/engine_state.h"
#include "boot/commands/look.h"
#include "boot/commands/remote_service.h"
#include "boot/commands/run_image.h"
#include "boot/commands/run_told.h"
#include "boot/find/place_at.h"
#include "boot/journal/file.h"
#include "boot/journal/narrator.h"
#include "boot/journal/writer.h"
#include "boot/session/guard.h"
#include "boot/session/vocabulary.h"
#include "image/policy/compile.h"
#include "image/policy/default_policy.h"

namespace defib::boot {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;

struct Arguments {
    LookArguments look;
    RunImageArguments image;
    ServeArguments serve;
    ToldArguments told;
    std::string policy;
    std::string journal;
    bool is_dry = false;
};

// Interrupts wait until they are asked for: the loop ends in order, between two turns.
class StopSignals {
  public:
    StopSignals() {
        sigemptyset(&signals_);
        for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, number);
        sigprocmask(SIG_BLOCK, &signals_, &before_);
    }
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;
    ~StopSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

    // Sleeps until that time; true: it was told to stop.
    bool sleep_until(uint64_t until_ns) {
        const uint64_t now = now_ns();
        const uint64_t left = until_ns > now ? until_ns - now : 0;
        const timespec time{static_cast<time_t>(left / NS_A_SECOND),
                            static_cast<long>(left % NS_A_SECOND)};
        return sigtimedwait(&signals_, nullptr, &time) > 0;
    }

  private:
    sigset_t signals_{};
    sigset_t before_{};
};

uint64_t wall_ns() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<uint64_t>(now.tv_sec) * NS_A_SECOND + static_cast<uint64_t>(now.tv_nsec);
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Where the engine's journal goes: to the terminal, and to a file where one was named.
class Report {
  public:
    static Result<std::unique_ptr<Report>> start(const Arguments& arguments, const Guard& guard,
                                                 const Session& session, uint64_t digest) {
        std::unique_ptr<Report> report(new Report(arguments, guard, session));
        if (arguments.journal.empty()) return report;
        auto fd = open_journal(arguments.journal);
        if (!fd) return std::unexpected(fd.error());
        report->fd_ = std::move(*fd);
        report->writer_.emplace(report->fd_.get());
        report->writer_->start(wall_ns(), guard.start_ns(), digest, session.target().name());
        for (const auto& [key, name] : guard.names()) {
            report->writer_->name(key.first, key.second, name);
        }
        return report;
    }

    void tell(const DefibJournalEntry& entry, uint64_t lost) {
        if (entry.kind == DEFIB_JOURNAL_OPENED) findings_++;
        if (entry.kind == DEFIB_JOURNAL_STEP) steps_++;
        learn_symbols(entry);
        if (writer_) write(entry, lost);
        if (lost != 0) tell_of_lost(lost);
        if (is_json_) return print(narrator_.json_of(entry).dump());
        if (is_one_of_many(entry)) return;
        const std::string line = narrator_.line_of(entry);
        if (!line.empty()) print(line);
    }

    void close(const std::optional<EngineFigures>& figures) {
        const double seconds = static_cast<double>(now_ns() - start_ns_) / 1e9;
        const double share = (cpu_seconds() - cpu_at_start_) / seconds * 100;
        if (is_json_) {
            nlohmann::ordered_json json = {{"event", "summary"},
                                           {"seconds", seconds},
                                           {"cpu_percent", share},
                                           {"findings", findings_},
                                           {"steps", steps_}};
            if (figures) json["engine"] = json_of(*figures);
            return print(json.dump());
        }
        print(fmt::format("{:>10.3f} s       {} findings, {} steps taken; {:.1f} % of a CPU used",
                          seconds, findings_, steps_, share));
    }

  private:
    Report(const Arguments& arguments, const Guard& guard, const Session& session)
        : is_json_(arguments.look.is_json),
          path_(arguments.journal),
          kernel_(session.kernel()),
          layout_(session.layout()),
          names_(guard.names()),
          narrator_(names_, guard.start_ns()),
          start_ns_(now_ns()),
          cpu_at_start_(cpu_seconds()) {}

    // Where locks lie; the journal keeps them for who reads it elsewhere.
    void learn_symbols(const DefibJournalEntry& entry) {
        for (const uint64_t lock : narrator_.locks_of(entry)) {
            if (names_.contains(symbol_key(lock))) continue;
            const std::string symbol = place_at(kernel_, layout_, lock);
            if (symbol.empty()) continue;
            const auto [of, number] = symbol_key(lock);
            names_[{of, number}] = symbol;
            if (writer_) writer_->name(of, number, symbol);
        }
    }

    // A repair may be hundreds of executions and stores: a few are shown, and how many more there
    // are. The journal has all.
    bool is_one_of_many(const DefibJournalEntry& entry) {
        constexpr uint64_t MOST_SHOWN = 6;
        const bool is_detail =
            entry.kind == DEFIB_JOURNAL_STORED || entry.kind == DEFIB_JOURNAL_EXECUTED;
        if (is_detail) return ++details_ > MOST_SHOWN;
        if (details_ > MOST_SHOWN) {
            print(
                fmt::format("{:>13}       ... and {} more like these", "", details_ - MOST_SHOWN));
        }
        details_ = 0;
        return false;
    }

    // A repair of hundreds of stores in one turn may be more than the engine's ring holds.
    void tell_of_lost(uint64_t lost) const {
        if (is_json_) {
            return print(nlohmann::ordered_json{{"event", "lost"}, {"entries", lost}}.dump());
        }
        print(
            fmt::format("{:>13}       ... and {} entries that were overwritten unread", "", lost));
    }

    // A full disk must not stop first aid; that the record has a hole is said once.
    void write(const DefibJournalEntry& entry, uint64_t lost) {
        bool is_whole = lost == 0 || writer_->lost(entry.sequence - lost, entry.sequence - 1);
        is_whole = is_whole && writer_->entry(entry);
        if (is_whole) return;
        writer_.reset();
        fmt::print(stderr, "defib: {}: the journal cannot be written any more; going on without\n",
                   path_);
    }

    static void print(const std::string& line) {
        fmt::print("{}\n", line);
        std::fflush(stdout);  // somebody is watching, or a pipe is
    }

    bool is_json_;
    std::string path_;
    const Kernel& kernel_;
    const layouts::Layout& layout_;
    JournalNames names_;
    Narrator narrator_;
    uint64_t start_ns_;
    double cpu_at_start_;
    UniqueFd fd_;
    std::optional<JournalWriter> writer_;
    uint64_t findings_ = 0;
    uint64_t steps_ = 0;
    uint64_t details_ = 0;  // in a row
};

Result<DefibPolicy> policy_of(const Arguments& arguments, const std::optional<RunImage>& image,
                              const Session& session) {
    const auto words = vocabulary_of(session.manifest(), routine_set().manifest, &session.bound());
    std::string_view text = image::default_policy();
    MappedFile file;
    if (!arguments.policy.empty()) {
        auto opened = MappedFile::open(arguments.policy);
        if (!opened) return std::unexpected(opened.error());
        file = std::move(*opened);
        text = as_text(file.bytes());
    }
    std::string object = arguments.policy.empty() ? "the default policy" : arguments.policy;
    if (image) {
        text = image->policy;
        object = "the image's policy";
    }
    auto compiled = image::compile_whole_policy(text, object, words);
    if (!compiled) return std::unexpected(compiled.error());
    for (const auto& note : compiled->notes) fmt::print(stderr, "defib: {}: {}\n", object, note);
    if (arguments.is_dry) compiled->table.mode = DEFIB_MODE_OBSERVE;
    return compiled->table;
}

// What remotes ask is answered while the loop rests.
bool serve_until(uint64_t until_ns, remote::Service& service, Engine& engine,
                 StopSignals& signals) {
    for (;;) {
        const uint64_t next_ns = service.step(now_ns, engine.heartbeat().value_or(0));
        if (signals.sleep_until(std::min(until_ns, next_ns))) return true;
        if (now_ns() >= until_ns) return false;
    }
}

Result<int> run(const Arguments& arguments) {
    StopSignals signals;
    const auto told = RunTold::start(arguments.told);
    if (!told) return std::unexpected(told.error());
    const LookArguments& look = arguments.look;
    const Access access = arguments.is_dry ? Access::look : Access::act;
    std::optional<RunImage> image;
    if (!arguments.image.image.empty()) {
        auto opened = open_run_image(arguments.image, look.target);
        if (!opened) return std::unexpected(opened.error());
        image.emplace(std::move(*opened));
        fmt::print(stderr, "defib: {}: genuine, version {}\n", arguments.image.image.string(),
                   image->version);
    } else {
        fmt::print(stderr,
                   "defib: the development image: this build's own engine and policy, which nobody "
                   "has signed\n");
    }
    auto session =
        image ? open_session_with(image->layout, look, access) : open_session(look, access);
    if (!session) return std::unexpected(session.error());
    if ((*session)->target().kind() != TargetKind::vm) {
        return fail(DEFIB_ERROR_BOOT_TARGET_NAME, arguments.look.target,
                    "a dump does not run, and cannot be guarded",
                    "defib ps, locks and log look at it");
    }
    const auto policy = policy_of(arguments, image, **session);
    if (!policy) return std::unexpected(policy.error());
    auto guard = Guard::start(**session, *policy);
    if (!guard) return std::unexpected(guard.error());
    auto report = Report::start(arguments, **guard, **session, policy->manifest_digest);
    if (!report) return std::unexpected(report.error());
    const auto service = start_service(arguments.serve, **session, **guard);
    if (!service) return std::unexpected(service.error());
    (*told)->introduce(**session, **guard);
    const auto tell = [&](const DefibJournalEntry& entry, uint64_t lost) {
        (*report)->tell(entry, lost);
        (*told)->tell(entry, lost);
    };
    const auto ended = (*guard)->run(tell, [&](uint64_t until_ns) {
        (*told)->look(**session, service->get());
        if (!*service) return signals.sleep_until(until_ns);
        return serve_until(until_ns, **service, (*session)->engine(), signals);
    });
    (*report)->close((*guard)->figures());
    if (!ended) return std::unexpected(ended.error());
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_run(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    declare_look(options, arguments->look);
    options.get_option("--json")->description("JSON, one object for each event");
    options
        .add_option("--policy", arguments->policy, "what to do; else the policy that comes along")
        ->type_name("P");
    options
        .add_option("--journal", arguments->journal, "keep a record there; added to if it exists")
        ->type_name("FILE");
    options.add_flag("--dry-run", arguments->is_dry,
                     "find and plan, and write nothing: the memory is mapped read only");
    declare_serve(options, arguments->serve);
    declare_told(options, arguments->told);
    declare_run_image(options, arguments->image);
    options.get_option("--image")->excludes("--policy")->excludes("--layout");
    return [arguments] { return run(*arguments); };
}

}  // namespace defib::boot
