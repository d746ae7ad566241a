// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/demo/patient.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/recover/defib_run.h"

namespace defib::demo {
namespace {

using recover::DefibRun;
using recover::Event;
using std::chrono::milliseconds;

constexpr milliseconds GLANCE{100};
constexpr milliseconds START{60'000};
// The module strikes so long after it was told (tests/faults/module).
constexpr milliseconds STRIKES{200};
constexpr double DEAD_S = 6;

double seconds_from(lab::Clock::time_point start, lab::Clock::time_point at) {
    return std::chrono::duration<double>(at - start).count();
}

Heart heart_of(const lab::Guest& guest, lab::Clock::time_point fault, lab::Clock::time_point from,
               lab::Clock::time_point to) {
    Heart heart;
    heart.from_s = seconds_from(fault, from);
    heart.to_s = seconds_from(fault, to);
    for (const lab::Beat& beat : guest.heartbeats()) {
        if (beat.host >= from && beat.host <= to) {
            heart.beats_s.push_back(seconds_from(fault, beat.host));
        }
    }
    return heart;
}

void watch_for(const lab::Guest& guest, Screen& screen, milliseconds time) {
    for (const auto end = lab::Clock::now() + time; lab::Clock::now() < end;) {
        screen.beat(guest);
        std::this_thread::sleep_for(GLANCE);
    }
}

bool is_cure(const Event& event, const Act& act) {
    return event.is("over") && event.text("fault").starts_with(act.finding) &&
           event.json["values"][2] != 0;
}

// Only from the fault on, and only of what it is about.
void take_events(const std::vector<Event>& events, lab::Clock::time_point fault, const Act& act,
                 Episode& episode) {
    uint64_t number = 0;
    std::string victim;
    for (const Event& event : events) {
        const double at_s = seconds_from(fault, event.at());
        if (at_s < 0 || event.is("summary")) continue;
        const std::string text = event.text("text");
        if (!text.empty() && !event.is("executed")) episode.log.push_back({at_s, text});
        if (event.is("finding") && event.text("fault").starts_with(act.finding) && number == 0) {
            number = event.number("case");
            episode.found_s = at_s;
            episode.finding = text.starts_with("FOUND ") ? text.substr(6) : text;
        }
        if (event.is("stored")) episode.stores.push_back(text);
        if (number == 0) continue;
        if (event.is("victim") && victim.empty()) {
            victim = fmt::format(" to {} {}", event.number("subject"), event.text("name"));
        }
        if (event.is("step") && episode.written_s < 0) {
            episode.written_s = at_s;
            episode.repair = event.text("routine") + victim;
        }
        if (event.is("effect") && episode.effect_s < 0) episode.effect_s = at_s;
        if (is_cure(event, act) && episode.over_s < 0) episode.over_s = at_s;
    }
}

// Of one that still answers.
std::string what_became_of(lab::Guest& guest, const faults::Injection& injection) {
    for (const faults::Evidence& evidence : injection.fault->symptom) {
        if (evidence.sign != faults::Sign::TASKS) continue;
        const auto holds = faults::holds(guest, injection, evidence, PATIENCE);
        if (holds && *holds) {
            return "it beats, and still has " + faults::to_text(evidence);
        }
    }
    const std::string log = guest.console().substr(injection.console_from);
    const std::string trouble = faults::first_match(log, "Out of memory: Killed process.*");
    return trouble.empty() ? "it beats" : "it beats; its own kernel acted in the end";
}

}  // namespace

lab::GuestOptions patient_for(std::span<const Act> acts, const Ward& ward) {
    lab::GuestOptions options = faults::guest_for(*faults::find(acts.front().fault), ward.kernel);
    for (const Act& act : acts) {
        const auto one = faults::guest_for(*faults::find(act.fault), ward.kernel);
        options.cpus = std::max(options.cpus, one.cpus);
        options.ram_megabytes = std::max(options.ram_megabytes, one.ram_megabytes);
    }
    return options;
}

Result<Episode> treat(lab::Guest& guest, const std::filesystem::path& defib, const Ward& ward,
                      const Act& act, Screen& screen) {
    const faults::Fault& fault = *faults::find(act.fault);
    Episode episode;
    episode.fault = act.fault;
    episode.title = act.title;
    episode.what = fault.what;
    auto run = DefibRun::start(defib, guest.ram_file(), {"--backend", ward.backend});
    if (!run) return std::unexpected(run.error());
    if (!(*run)->wait_for([](const Event& event) { return event.is("started"); }, START)) {
        return fail(DEFIB_ERROR_BASE_TOOL_FAILED, "defib run", (*run)->errors());
    }
    const auto from = lab::Clock::now();
    watch_for(guest, screen, BEFORE);
    screen.say(fmt::format("THE FAULT: {}", fault.what));
    const auto injection = faults::inject(guest, fault);
    if (!injection) return std::unexpected(injection.error());
    const auto struck = injection->at + (fault.parameter != nullptr ? STRIKES : milliseconds(0));
    size_t told = (*run)->events().size();
    bool is_cured = false;
    for (const auto end = lab::Clock::now() + PATIENCE; !is_cured && lab::Clock::now() < end;) {
        screen.beat(guest);
        std::this_thread::sleep_for(GLANCE);
        const auto events = (*run)->events();
        for (; told < events.size(); told++) {
            const Event& event = events[told];
            is_cured = is_cured || is_cure(event, act);
            const bool is_detail =
                event.is("stored") || event.is("executed") || event.text("text").empty();
            if (is_detail) continue;
            screen.say(fmt::format("{:+8.3f} s  {}", seconds_from(struck, event.at()),
                                   event.text("text")));
        }
    }
    if (is_cured) guest.alive(PATIENCE);
    watch_for(guest, screen, AFTER);
    // Bringing the fault's module and programs takes its time, and is nobody's heart trouble.
    episode.aided = heart_of(guest, struck, std::max(from, struck - BEFORE), lab::Clock::now());
    (*run)->stop(START);
    take_events((*run)->events(), struck, act, episode);
    return episode;
}

Result<void> leave_alone(const Act& act, const Ward& ward, milliseconds at_most, Episode& episode) {
    const faults::Fault& fault = *faults::find(act.fault);
    auto guest = lab::Guest::boot(faults::guest_for(fault, ward.kernel));
    if (!guest) return std::unexpected(guest.error());
    const auto from = lab::Clock::now();
    std::this_thread::sleep_for(BEFORE);
    const auto injection = faults::inject(*guest, fault);
    if (!injection) return std::unexpected(injection.error());
    const auto struck = injection->at + (fault.parameter != nullptr ? STRIKES : milliseconds(0));
    const auto heart = [&] {
        return heart_of(*guest, struck, std::max(from, struck - BEFORE), lab::Clock::now());
    };
    const auto end = lab::Clock::now() + at_most;
    while (lab::Clock::now() < end && !heart().is_flat_for(DEAD_S)) {
        std::this_thread::sleep_for(GLANCE);
    }
    episode.unaided = heart();
    const bool is_dead = episode.unaided.is_flat_for(1.0);
    const double last = episode.unaided.beats_s.empty() ? 0 : episode.unaided.beats_s.back();
    episode.unaided_says =
        is_dead ? fmt::format("last beat after {:.1f} s, and none since", std::max(0.0, last))
                : what_became_of(*guest, *injection);
    return {};
}

}  // namespace defib::demo
