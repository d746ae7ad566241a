// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/round.h"

#include <algorithm>
#include <thread>

#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/hook/hooked_guest.h"
#include "tests/matrix/verdict.h"
#include "tests/recover/innocents.h"

namespace defib::matrix {
namespace {

using lab::Clock;
using recover::DefibRun;
using recover::Event;
using std::chrono::milliseconds;

constexpr milliseconds START{60'000};
// A machine under TCG that others keep busy; the windows of the policy are up to 30 s.
constexpr milliseconds FIND{150'000};
constexpr milliseconds END{90'000};
// A finding that is over must stay so: several of a kind come one after the other.
constexpr milliseconds QUIET{3000};
constexpr milliseconds GLANCE{50};
// How long a machine that is to be left alone is watched once it shows what it has.
constexpr milliseconds ALONE{20'000};
constexpr milliseconds ANSWER{20'000};
// What hangs does not answer, and everybody knows.
constexpr milliseconds SHORT_ANSWER{4000};
// The module strikes so long after it was told (tests/faults/module).
constexpr milliseconds STRIKES{200};

double seconds(Clock::duration time) {
    return std::chrono::duration<double>(time).count();
}

// Everything that a round needs before it begins.
struct Bed {
    std::optional<lab::Guest> guest;
    std::vector<pid_t> innocents;
    std::unique_ptr<DefibRun> run;
    Clock::time_point since;
};

Result<void> bring_hook(lab::Guest& guest) {
    const auto module = hook_test::hook_module(guest.kernel());
    if (!module) return std::unexpected(module.error());
    return guest.load_module(*module, "hpet=1");
}

Result<Bed> make_bed(const lab::GuestOptions& options, const faults::Fault& fault,
                     std::string_view workload, const std::filesystem::path& defib) {
    Bed bed;
    auto guest = lab::Guest::boot(options);
    if (!guest) return std::unexpected(guest.error());
    bed.guest = std::move(*guest);
    auto innocents = recover::start_innocents(*bed.guest);
    if (!innocents) return std::unexpected(innocents.error());
    bed.innocents = std::move(*innocents);
    if (auto done = faults::prepare(*bed.guest, fault); !done) return std::unexpected(done.error());
    if (workload == "busy") {
        // Short processes that compute and write files, as many at a time as there are CPUs.
        const auto load = bed.guest->start({"victim", "churn", std::to_string(options.cpus)});
        if (!load) return std::unexpected(load.error());
    }
    if (workload == HOOKED) {
        if (auto there = bring_hook(*bed.guest); !there) return std::unexpected(there.error());
    }
    auto run = DefibRun::start(defib, bed.guest->ram_file());
    if (!run) return std::unexpected(run.error());
    bed.run = std::move(*run);
    const char* ready = workload == HOOKED ? "hook" : "started";
    if (!bed.run->wait_for([&](const Event& event) { return event.is(ready); }, START)) {
        return fail(DEFIB_ERROR_BASE_TOOL_FAILED, "defib run", bed.run->errors());
    }
    bed.since = Clock::now();
    return bed;
}

template <class Holds>
bool wait_until(const Holds& holds, milliseconds within) {
    for (const auto end = Clock::now() + within; Clock::now() < end;) {
        if (holds()) return true;
        std::this_thread::sleep_for(GLANCE);
    }
    return false;
}

Clock::time_point first_beat_after(const lab::Guest& guest, Clock::time_point moment) {
    for (const lab::Beat& beat : guest.heartbeats()) {
        if (beat.host > moment) return beat.host;
    }
    return Clock::time_point::max();
}

class Course {
  public:
    Course(Bed& bed, const Case& one, const faults::Injection& injection)
        : bed_(bed), case_(one), injection_(injection) {
        struck_ = injection.at;
        if (injection.fault->parameter != nullptr) struck_ += STRIKES;
    }

    Verdict verdict() const { return judge(bed_.run->events(), struck_, &case_); }

    // Found, and whether it is over for good.
    void follow(RoundResult& result) {
        const bool is_found = wait_until([&] { return verdict().found_s >= 0; }, FIND);
        if (!is_found) {
            result.serves = recover::serves(*bed_.guest, SHORT_ANSWER);
            return;
        }
        if (case_.outlook == Outlook::SAID) {
            wait_until([] { return false; }, QUIET);
            result.serves = recover::serves(*bed_.guest, SHORT_ANSWER);
            return;
        }
        if (wait_until([&] { return has_ended(); }, END)) result.ended_s = ended_s();
        result.serves = recover::serves(*bed_.guest, ANSWER);
    }

    // Nothing is to be done: whether nothing is.
    void leave_alone(RoundResult& result) {
        if (auto seen = faults::wait_for_symptom(*bed_.guest, injection_, FIND); !seen) {
            result.error = to_line(seen.error());
        }
        wait_until([] { return false; }, ALONE);
        for (const pid_t pid : injection_.programs) {
            const auto state = bed_.guest->state_of(pid);
            if (!state || state->status) result.harm.push_back("its program has ended");
        }
        result.serves = recover::serves(*bed_.guest, ANSWER);
    }

  private:
    bool has_ended() const {
        const Verdict now = verdict();
        if (now.over_s < 0 || now.open != 0) return false;
        const auto over = struck_ + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(now.over_s));
        return Clock::now() - over > QUIET && first_beat_after(*bed_.guest, over) < Clock::now();
    }
    double ended_s() const {
        const double over_s = verdict().over_s;
        const auto over = struck_ + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(over_s));
        return seconds(first_beat_after(*bed_.guest, over) - struck_);
    }

    Bed& bed_;
    const Case& case_;
    const faults::Injection& injection_;
    Clock::time_point struck_;
};

void take(const Verdict& verdict, RoundResult& result) {
    result.found_s = verdict.found_s;
    result.repairs = verdict.repairs;
    result.false_findings = verdict.false_findings;
    result.harm.insert(result.harm.end(), verdict.harm.begin(), verdict.harm.end());
    result.last = verdict.last;
}

void finish(Bed& bed, RoundResult& result) {
    result.lost = recover::count_lost(*bed.guest, bed.innocents);
    result.watched_s = seconds(Clock::now() - bed.since);
    result.all = bed.run->to_text();
}

}  // namespace

RoundResult hold_round(const Round& round, const std::filesystem::path& defib) {
    RoundResult result;
    result.round = round;
    const bool is_hooked = round.workload == HOOKED;
    const Case* one = is_hooked ? hooked_case_of(round.fault) : case_of(round.fault);
    const faults::Fault* fault = one == nullptr ? nullptr : faults::find(one->fault());
    if (fault == nullptr) {
        result.error = "no such fault";
        return result;
    }
    auto options = faults::guest_for(*fault, round.kernel);
    if (one->cpus != 0) options.cpus = one->cpus;
    options.hpet_nmi = is_hooked;
    auto bed = make_bed(options, *fault, round.workload, defib);
    if (!bed) {
        result.error = to_line(bed.error());
        return result;
    }
    result.release = bed->guest->kernel().release;
    const auto injection = faults::inject(*bed->guest, *fault);
    if (!injection) {
        result.error = to_line(injection.error());
        return result;
    }
    Course course(*bed, *one, *injection);
    if (one->outlook == Outlook::ALONE)
        course.leave_alone(result);
    else
        course.follow(result);
    take(course.verdict(), result);
    finish(*bed, result);
    return result;
}

RoundResult hold_healthy(const Round& round, const std::filesystem::path& defib,
                         std::chrono::seconds time) {
    RoundResult result;
    result.round = round;
    const faults::Fault* load = faults::find(round.fault);
    if (load == nullptr || load->kind != faults::Kind::HEALTHY) {
        result.error = "no such load";
        return result;
    }
    auto bed = make_bed(faults::guest_for(*load, round.kernel), *load, HEALTHY, defib);
    if (!bed) {
        result.error = to_line(bed.error());
        return result;
    }
    result.release = bed->guest->kernel().release;
    const auto end = Clock::now() + time;
    const auto left = [&] {
        return std::max(milliseconds(1),
                        std::chrono::duration_cast<milliseconds>(end - Clock::now()));
    };
    while (Clock::now() < end && result.error.empty()) {
        const auto injection = faults::inject(*bed->guest, *load);
        if (!injection) {
            result.error = to_line(injection.error());
            break;
        }
        const bool is_module = injection->programs.empty();
        const auto is_through = [&] {
            if (is_module) {
                return faults::holds(*bed->guest, *injection, load->symptom.begin()[0], ANSWER)
                    .value_or(false);
            }
            return std::ranges::all_of(injection->programs, [&](pid_t pid) {
                const auto state = bed->guest->state_of(pid);
                return state && state->status.has_value();
            });
        };
        wait_until(is_through, left());
        if (const auto killed = faults::kill_programs(*bed->guest, *injection); !killed) {
            result.error = to_line(killed.error());
        }
    }
    take(judge(bed->run->events(), bed->since, nullptr), result);
    result.serves = recover::serves(*bed->guest, ANSWER);
    finish(*bed, result);
    return result;
}

}  // namespace defib::matrix
