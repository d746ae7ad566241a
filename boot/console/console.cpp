// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib console`: a target on the whole screen. Of one whose memory is here, pictures are taken
// and keys answered while the detectors' loop rests, so that everything is in one thread: the loop
// asks to sleep, and the console is what it does meanwhile. Where no detectors run it sleeps on its
// own.
#include "boot/console/console.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "boot/backend/engine_state.h"
#include "boot/commands/look.h"
#include "boot/commands/observer.h"
#include "boot/console/draw.h"
#include "boot/console/own_source.h"
#include "boot/console/remote_source.h"
#include "boot/console/terminal.h"

namespace defib::boot::console {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;
constexpr uint64_t NS_A_MS = 1000000;

struct Arguments : Elsewhere {
    LookArguments look;
    std::string journal;
    double hertz = 0;  // 0: as the terminal can
};

double hertz_of(const Arguments& arguments, const Terminal& terminal) {
    constexpr double USUAL = 10;
    constexpr double ON_A_SLOW_LINE = 1;  // a whole screen is two seconds at 9600 baud
    if (arguments.hertz > 0) return arguments.hertz;
    return terminal.is_slow() ? ON_A_SLOW_LINE : USUAL;
}

class Console {
  public:
    Console(Source& source, Terminal& terminal, double hertz)
        : source_(source),
          terminal_(terminal),
          period_ns_(static_cast<uint64_t>(NS_A_SECOND / hertz)) {
        view_.repairs = source.repairs();
    }

    // Until that time; true: the person leaves.
    bool rest_until(uint64_t until_ns) {
        for (;;) {
            const uint64_t now = now_ns();
            if (now >= next_ns_) take_picture(now);
            const uint64_t next = std::min(until_ns, next_ns_);
            const uint64_t then = now_ns();
            const uint64_t left_ms = next > then ? (next - then + NS_A_MS - 1) / NS_A_MS : 0;
            Key key;
            switch (terminal_.wait(static_cast<int>(std::min<uint64_t>(left_ms, 1000)), key)) {
                case Terminal::Event::gone:
                    return true;
                case Terminal::Event::key:
                    if (answer(key)) return true;
                    [[fallthrough]];
                case Terminal::Event::resized:
                    draw();
                    break;
                case Terminal::Event::nothing:
                    break;
            }
            if (now_ns() >= until_ns) return false;
        }
    }

    void rest() {
        while (!rest_until(now_ns() + NS_A_SECOND)) {
        }
    }

  private:
    Picture& picture() { return source_.picture(); }

    void take_picture(uint64_t now) {
        if (!view_.is_paused) source_.look(now);
        take_told();
        draw();
        // Half of a processor at the most, however large the target is.
        const uint64_t took = now_ns() - now;
        next_ns_ = now + std::max(period_ns_, 2 * took);
    }

    // Whoever did not wait for it does not get it.
    void take_told() {
        auto told = source_.told();
        if (!told || !is_asked_) return;
        is_asked_ = false;
        if (view_.mode == Mode::plan || view_.mode == Mode::result) view_.told = std::move(*told);
    }

    void draw() {
        terminal_.show(console::draw(picture(), view_, terminal_.rows(), terminal_.columns()));
    }

    // True: leave.
    bool answer(const Key& key) {
        const int page = page_of(picture(), view_, terminal_.rows(), terminal_.columns());
        const Mode before = view_.mode;
        switch (press(view_, key, picture(), page)) {
            case Wish::quit:
                return true;
            case Wish::plan:
                show(Mode::plan, view_.typed, "asked what it would store ...");
                take(source_.plan(words_in(view_.typed)));
                break;
            case Wish::act:
                show(Mode::result, view_.told.heading, "at work ...");
                draw();
                take(source_.carry_out());
                next_ns_ = 0;  // what it changed is seen at once
                break;
            case Wish::nothing:
                if (view_.mode != before) is_asked_ = false;
                break;
        }
        return false;
    }

    void show(Mode mode, std::string heading, const char* verdict) {
        view_.told_from = 0;
        view_.told = {.heading = std::move(heading), .verdict = verdict};
        view_.mode = mode;
    }

    void take(std::optional<Told> told) {
        is_asked_ = !told;
        if (told) view_.told = std::move(*told);
    }

    Source& source_;
    Terminal& terminal_;
    View view_;
    bool is_asked_ = false;  // what the dialog shows is still to come
    uint64_t period_ns_ = 0;
    uint64_t next_ns_ = 0;
};

// Detectors look at a target that lives, unless somebody else's journal says what they find.
void watch(Session& session, OwnSource& source, Console& console, const Arguments& arguments) {
    if (session.target().kind() == TargetKind::core || !arguments.journal.empty()) {
        return console.rest();
    }
    auto guard = start_observer(session);
    if (!guard) {
        source.note("no detectors: " + to_line(guard.error()));
        return console.rest();
    }
    Narrator narrator((*guard)->names(), (*guard)->start_ns());
    const auto ended =
        (*guard)->run([&](const auto& entry, uint64_t) { source.tell(narrator, entry); },
                      [&](uint64_t until_ns) { return console.rest_until(until_ns); });
    if (ended) return;
    source.lose(ended.error());
    console.rest();
}

Result<int> show_own(const Arguments& arguments) {
    auto session = open_session(arguments.look);
    if (!session) return std::unexpected(session.error());
    if (!arguments.journal.empty()) {
        // A wrong name is said now, not in a corner of the screen.
        JournalTail journal(arguments.journal);
        if (auto read = journal.read_on(now_ns()); !read) return std::unexpected(read.error());
    }
    OwnSource source(**session, arguments.look, arguments.journal);
    const auto terminal = Terminal::open();
    if (!terminal) return std::unexpected(terminal.error());
    Console console(source, **terminal, hertz_of(arguments, **terminal));
    watch(**session, source, console, arguments);
    return DEFIB_EXIT_DONE;
}

Result<int> show_remote(const Arguments& arguments) {
    RemoteSource::Options options = {.where = arguments.to,
                                     .key = {},
                                     .period = std::chrono::milliseconds(100),
                                     .within = std::chrono::milliseconds(arguments.deadline_ms)};
    if (arguments.hertz > 0) {
        options.period = std::chrono::nanoseconds(static_cast<int64_t>(1e9 / arguments.hertz));
    }
    if (!arguments.key.empty()) {
        const auto key = remote::read_key(arguments.key);
        if (!key) return std::unexpected(key.error());
        options.key = *key;
    }
    auto source = RemoteSource::open(options);
    if (!source) return std::unexpected(source.error());
    const auto terminal = Terminal::open();
    if (!terminal) return std::unexpected(terminal.error());
    Console console(**source, **terminal, hertz_of(arguments, **terminal));
    console.rest();
    return DEFIB_EXIT_DONE;
}

Result<int> show(const Arguments& arguments) {
    if (auto one = one_target("console", arguments.look, arguments); !one) {
        return std::unexpected(one.error());
    }
    if (auto has = has_terminal(); !has) return std::unexpected(has.error());
    return arguments.to.empty() ? show_own(arguments) : show_remote(arguments);
}

Action declare_console(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    auto* to = declare_look_or_to(options, arguments->look, *arguments,
                                  "with --to, to act: the operator's key");
    options
        .add_option("--journal", arguments->journal,
                    "findings from there, where defib run keeps one, instead of own detectors")
        ->excludes(to)
        ->type_name("FILE");
    options
        .add_option("--rate", arguments->hertz, "pictures a second: 10, or 1 on a slow serial line")
        ->check(CLI::Range(0.1, 50.0))
        ->type_name("HZ");
    return [arguments] { return show(*arguments); };
}

}  // namespace

std::span<const Command> commands() {
    static constexpr Command COMMANDS[] = {
        {"", "console", "a target on the whole screen, live, and repairs by hand", declare_console},
    };
    return COMMANDS;
}

}  // namespace defib::boot::console
