// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A kernel is broken and brought back: boot, fault, flatline, finding, repair, heartbeat; and
// beside it the same fault in a machine that nobody helps. What happened is told on the terminal as
// it happens, and kept in one page of HTML.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cctype>
#include <cstdio>
#include <future>
#include <iostream>
#include <optional>

#include "engine/base/command.h"
#include "engine/base/file.h"
#include "tests/demo/heart.h"
#include "tests/demo/patient.h"
#include "tests/demo/report.h"
#include "tests/faults/inject.h"

namespace {

using namespace defib;
using demo::Act;
using std::chrono::milliseconds;

constexpr Act ACTS[] = {
    {"f1a", "Deadlock", "spinlock_leaked"},
    {"hog", "Out of memory", "memory_"},
    {"fork_bomb", "Fork bomb", "fork_bomb"},
    {"need_resched", "A wish to reschedule that is not seen", "need_resched"},
    {"rt_hogs_unlimited", "Realtime hogs", "realtime_starvation"},
};
constexpr size_t TOUR = 3;  // the first ones

constexpr size_t HEART_CELLS = 60;
constexpr milliseconds HEART_CELL{100};
// As long as the aided strip is at most; the two are drawn on one scale.
constexpr milliseconds UNAIDED{15'000};

class Terminal : public demo::Screen {
  public:
    void headline(const std::string& text) {
        const bool is_bold = wants_colour(STDOUT_FILENO);
        say(fmt::format("\n{}{}{}", is_bold ? "\033[1m" : "", text, is_bold ? "\033[0m" : ""));
    }
    void say(const std::string& line) override {
        fmt::print("{}{}\n", is_live_ ? "\r\033[K" : "", line);
        std::fflush(stdout);
    }
    void beat(const lab::Guest& guest) override {
        if (!is_live_) return;
        const std::string line =
            demo::heart_line(guest.heartbeats(), lab::Clock::now(), HEART_CELL, HEART_CELLS);
        const char* colour = "";
        if (wants_colour(STDOUT_FILENO)) colour = line.ends_with("_") ? "\033[31m" : "\033[32m";
        fmt::print("\r    {}{}{}", colour, line, *colour == '\0' ? "" : "\033[0m");
        std::fflush(stdout);
    }

  private:
    bool is_live_ = ::isatty(STDOUT_FILENO) != 0;
};

struct Wish {
    std::string defib;
    std::string fault;
    std::string report = "defib-demo.html";
    demo::Ward ward;
    bool is_alone = false;
};

// What --fault may call it besides the fault's own name: its first words, as one.
std::string name_of(const Act& act) {
    std::string name = std::string(act.title).substr(0, sizeof "A wish to reschedule" - 1);
    for (char& letter : name) {
        letter = letter == ' ' ? '-' : static_cast<char>(std::tolower(letter));
    }
    return name;
}

// By name; empty: asked for on a terminal, else the tour.
Result<std::vector<Act>> acts_for(std::string fault) {
    const std::vector<Act> tour(ACTS, ACTS + TOUR);
    if (fault.empty() && ::isatty(STDIN_FILENO) != 0) {
        fmt::print("Which fault?\n  0  a tour: deadlock, out of memory, fork bomb\n");
        for (size_t i = 0; i < std::size(ACTS); i++) {
            fmt::print("  {}  {}: {}\n", i + 1, ACTS[i].title, faults::find(ACTS[i].fault)->what);
        }
        fmt::print("[0] ");
        std::fflush(stdout);
        std::string line;
        std::getline(std::cin, line);
        if (line.empty() || line == "0") return tour;
        const size_t number = line.size() == 1 ? static_cast<size_t>(line[0] - '0') : 99;
        if (number < 1 || number > std::size(ACTS)) {
            return fail(DEFIB_ERROR_BASE_USAGE, line, "there is no such number");
        }
        return std::vector{ACTS[number - 1]};
    }
    if (fault.empty() || fault == "tour") return tour;
    for (const Act& act : ACTS) {
        if (fault == act.fault || fault == name_of(act)) return std::vector{act};
    }
    std::string known = "tour";
    for (const Act& act : ACTS) known += fmt::format(", {} ({})", name_of(act), act.fault);
    return fail(DEFIB_ERROR_BASE_USAGE, fault, "the demo does not show it", "it shows " + known);
}

double seconds_since(lab::Clock::time_point start) {
    return std::chrono::duration<double>(lab::Clock::now() - start).count();
}

Result<void> show(const Wish& wish, const std::vector<Act>& acts) {
    const auto start = lab::Clock::now();
    Terminal terminal;
    demo::Story story;
    terminal.headline("A kernel in a guest whose RAM is a file; its heart beats every 20 ms");
    const auto options = demo::patient_for(acts, wish.ward);
    auto guest = lab::Guest::boot(options);
    if (!guest) return std::unexpected(guest.error());
    story.kernel = guest->kernel().release;
    story.machine = fmt::format("{} CPUs and {} MB", options.cpus, options.ram_megabytes);
    terminal.say(fmt::format("    {} is up after {:.1f} s: {}", story.kernel, seconds_since(start),
                             story.machine));
    for (size_t i = 0; i < acts.size(); i++) {
        terminal.headline(fmt::format("{}  {}", i + 1, acts[i].title));
        // Beside it, on the other core, the machine that nobody helps.
        demo::Episode alone;
        std::future<Result<void>> unaided;
        if (!wish.is_alone) {
            unaided = std::async(std::launch::async, [&alone, &wish, act = acts[i]] {
                return demo::leave_alone(act, wish.ward, UNAIDED, alone);
            });
        }
        auto episode = demo::treat(*guest, wish.defib, wish.ward, acts[i], terminal);
        if (unaided.valid()) {
            if (auto left = unaided.get(); !left) {
                terminal.say("    the machine beside it: " + to_line(left.error()));
            }
        }
        if (!episode) return std::unexpected(episode.error());
        episode->unaided = alone.unaided;
        episode->unaided_says = alone.unaided_says;
        if (!alone.unaided_says.empty()) {
            terminal.say("    the same fault, unaided: " + alone.unaided_says);
        }
        const bool is_well = episode->over_s >= 0;
        terminal.say(is_well ? fmt::format("    REVIVED {:.1f} s after the fault; its heart stood "
                                           "still for {:.1f} s",
                                           episode->over_s, episode->aided.longest_gap_s())
                             : "    it was not revived");
        story.episodes.push_back(std::move(*episode));
        if (!is_well) break;
    }
    story.took_s = seconds_since(start);
    story.is_on_gpu = wish.ward.backend == "cuda";
    if (auto kept = write_atomically(wish.report, demo::report_of(story)); !kept) return kept;
    terminal.headline(fmt::format("All of it in one page: {}", wish.report));
    return {};
}

int report_failure(const Error& error) {
    fmt::print(stderr, "defib-demo: {}\n", to_line(error));
    return exit_status(error.code);
}

}  // namespace

int main(int argc, char** argv) {
    Wish wish;
    CLI::App app("A real kernel is broken and brought back.", "defib-demo");
    app.add_option("defib", wish.defib, "the defib to show")->required();
    app.add_option("--fault", wish.fault, "which one; else it is asked for, or the tour");
    app.add_option("--report", wish.report, "where the page goes")->capture_default_str();
    app.add_option("--backend", wish.ward.backend, "who mends it: cpu, cuda or auto")
        ->check(CLI::IsMember({"cpu", "cuda", "auto"}));
    app.add_option("--kernel", wish.ward.kernel, "of the guests")->capture_default_str();
    app.add_flag("--alone", wish.is_alone, "without the machine beside it that nobody helps");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        fmt::print(stderr, "defib-demo: {}; see defib-demo --help\n", error.what());
        return DEFIB_EXIT_USAGE;
    }
    const auto acts = acts_for(wish.fault);
    if (!acts) return report_failure(acts.error());
    const auto done = show(wish, *acts);
    return done ? DEFIB_EXIT_DONE : report_failure(done.error());
}
