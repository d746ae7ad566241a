// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib console`: a target on the whole screen. Pictures are taken and keys answered while the
// detectors' loop rests, so that everything is in one thread: the loop asks to sleep, and the
// console is what it does meanwhile. Where no detectors run it sleeps on its own.
#include "boot/console/console.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "boot/backend/engine_state.h"
#include "boot/commands/look.h"
#include "boot/commands/observer.h"
#include "boot/console/acting.h"
#include "boot/console/draw.h"
#include "boot/console/findings.h"
#include "boot/console/terminal.h"
#include "boot/console/watcher.h"

namespace defib::boot::console {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;
constexpr uint64_t NS_A_MS = 1000000;

struct Arguments {
    LookArguments look;
    std::string journal;
    double hertz = 0;  // 0: as the terminal can
};

class Console {
  public:
    Console(Session& session, Terminal& terminal, const Arguments& arguments)
        : session_(session),
          terminal_(terminal),
          watcher_(session),
          acting_(session, arguments.look) {
        constexpr double USUAL = 10;
        constexpr double ON_A_SLOW_LINE = 1;  // a whole screen is two seconds at 9600 baud
        const double usual = terminal.is_slow() ? ON_A_SLOW_LINE : USUAL;
        const double hertz = arguments.hertz > 0 ? arguments.hertz : usual;
        period_ns_ = static_cast<uint64_t>(NS_A_SECOND / hertz);
        view_.repairs = acting_.repairs();
        picture().findings_from = "detectors";
        if (arguments.journal.empty()) return;
        picture().findings_from = arguments.journal;
        journal_.emplace(arguments.journal);
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

    // What the detectors have found, but not that they run, nor what a plan by hand came to.
    void tell(const Narrator& narrator, const DefibJournalEntry& entry) {
        const bool is_of_person = entry.kind == DEFIB_JOURNAL_EXECUTED && entry.case_number == 0;
        if (is_of_person || entry.kind == DEFIB_JOURNAL_STARTED) return;
        append_finding(picture().findings, narrator, entry);
    }

    // There is nothing to look at any more; the last picture stays.
    void lose(const Error& why) {
        picture().life = Life::lost;
        picture().troubles = {to_line(why)};
    }

    void note(std::string trouble) { notes_.push_back(std::move(trouble)); }

  private:
    Picture& picture() { return watcher_.picture(); }

    void take_picture(uint64_t now) {
        const bool is_over = picture().life == Life::lost;
        if (!is_over && !session_.target().is_still_there()) {
            lose({DEFIB_ERROR_BOOT_TARGET_LOST, session_.target().name(),
                  "its memory is not there any more: the machine was powered off", ""});
        } else if (!is_over && !view_.is_paused) {
            watcher_.look(now);
            read_journal_on(now);
            auto& troubles = picture().troubles;
            troubles.insert(troubles.end(), notes_.begin(), notes_.end());
        }
        draw();
        // Half of a processor at the most, however large the target is.
        const uint64_t took = now_ns() - now;
        next_ns_ = now + std::max(period_ns_, 2 * took);
    }

    void read_journal_on(uint64_t now) {
        if (!journal_) return;
        const auto read = journal_->read_on(now);
        picture().findings = journal_->rows();
        if (!read) picture().troubles.push_back(to_line(read.error()));
    }

    void draw() {
        terminal_.show(console::draw(picture(), view_, terminal_.rows(), terminal_.columns()));
    }

    // True: leave.
    bool answer(const Key& key) {
        const int page = page_of(picture(), view_, terminal_.rows(), terminal_.columns());
        switch (press(view_, key, picture(), page)) {
            case Wish::quit:
                return true;
            case Wish::plan:
                view_.told_from = 0;
                view_.told = acting_.plan(words_in(view_.typed));
                view_.mode = Mode::plan;
                break;
            case Wish::act:
                carry_out();
                break;
            case Wish::nothing:
                break;
        }
        return false;
    }

    void carry_out() {
        view_.told_from = 0;
        view_.told.verdict = "at work ...";
        view_.mode = Mode::result;
        draw();
        view_.told = acting_.carry_out();
        next_ns_ = 0;  // what it changed is seen at once
    }

    Session& session_;
    Terminal& terminal_;
    Watcher watcher_;
    Acting acting_;
    std::optional<JournalTail> journal_;
    View view_;
    std::vector<std::string> notes_;
    uint64_t period_ns_ = 0;
    uint64_t next_ns_ = 0;
};

// Detectors look at a target that lives, unless somebody else's journal says what they find.
void watch(Session& session, Console& console, const Arguments& arguments) {
    if (session.target().kind() == TargetKind::core || !arguments.journal.empty()) {
        return console.rest();
    }
    auto guard = start_observer(session);
    if (!guard) {
        console.note("no detectors: " + to_line(guard.error()));
        return console.rest();
    }
    const Narrator narrator((*guard)->names(), (*guard)->start_ns());
    const auto ended =
        (*guard)->run([&](const auto& entry, uint64_t) { console.tell(narrator, entry); },
                      [&](uint64_t until_ns) { return console.rest_until(until_ns); });
    if (ended) return;
    console.lose(ended.error());
    console.rest();
}

Result<int> show(const Arguments& arguments) {
    if (auto has = has_terminal(); !has) return std::unexpected(has.error());
    auto session = open_session(arguments.look);
    if (!session) return std::unexpected(session.error());
    if (!arguments.journal.empty()) {
        // A wrong name is said now, not in a corner of the screen.
        JournalTail journal(arguments.journal);
        if (auto read = journal.read_on(now_ns()); !read) return std::unexpected(read.error());
    }
    const auto terminal = Terminal::open();
    if (!terminal) return std::unexpected(terminal.error());
    Console console(**session, **terminal, arguments);
    watch(**session, console, arguments);
    return DEFIB_EXIT_DONE;
}

Action declare_console(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    declare_look(options, arguments->look);
    options.remove_option(options.get_option("--json"));
    options
        .add_option("--journal", arguments->journal,
                    "findings from there, where defib run keeps one, instead of own detectors")
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
