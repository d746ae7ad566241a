// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/repair.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "boot/hook/words.h"

namespace defib::boot {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto BETWEEN_LOOKS = std::chrono::microseconds(500);
// Some ticks of the slowest kernel (HZ = 100): what was delivered has been done by then.
constexpr auto BETWEEN_TRIES = std::chrono::milliseconds(30);

// Some looks of a busy machine's kernel module. What does not beat is not asked anyway.
constexpr auto BEATS_WITHIN = std::chrono::milliseconds(300);

bool passes_by_itself(uint32_t reason) {
#define DEFIB_REASON_PASSES(name, number, passes, text) \
    if ((passes) != 0 && reason == uint32_t{DEFIB_REASON_##name}) return true;
    DEFIB_REASON_LIST(DEFIB_REASON_PASSES)
#undef DEFIB_REASON_PASSES
    return false;
}

bool is_success(uint32_t outcome) {
    return outcome == DEFIB_OUTCOME_COMMITTED || outcome == DEFIB_OUTCOME_NO_CHANGE;
}

bool is_worth_another(const DefibAnswer& answer) {
    switch (answer.outcome) {
        case DEFIB_OUTCOME_DISAGREED:
        case DEFIB_OUTCOME_STALE:
        case DEFIB_OUTCOME_PARTIAL:
            return true;
        case DEFIB_OUTCOME_DIED:
            return passes_by_itself(answer.death);
        default:
            return false;
    }
}

class Course {
  public:
    Course(Session& session, std::span<const uint64_t> arguments)
        : session_(session), arguments_(arguments) {}

    DefibAnswer act(uint32_t routine) { return take(session_.act(routine, arguments_)); }
    DefibAnswer plan(uint32_t routine) { return take(session_.plan(routine, arguments_)); }

    DefibAnswer take(const Result<Seen>& seen) {
        if (!seen) {
            broken = seen.error();
            return {};
        }
        for (const SeenRecord& record : seen->records) {
            const auto store = record.as<DefibStoreRecord>(DEFIB_RECORD_STORE);
            if (store) repair.stores.push_back(*store);
            if (const auto way = record.as<DefibWayRecord>(DEFIB_RECORD_WAY)) add_way(*way);
        }
        return seen->answer;
    }

    // What is tried again goes the same way again.
    void add_way(const DefibWayRecord& way) {
        const auto is_same = [&](const DefibWayRecord& other) {
            return other.routine == way.routine && other.way == way.way &&
                   other.ask.kind == way.ask.kind &&
                   std::ranges::equal(other.ask.arguments, way.ask.arguments);
        };
        if (std::ranges::none_of(repair.ways, is_same)) repair.ways.push_back(way);
    }

    void note(const DefibAnswer& answer) {
        repair.outcome = answer.outcome;
        repair.death = answer.death;
        repair.death_address = answer.death_address;
        repair.routine = answer.routine;
    }

    // What did not come to its effect must not come later, when nobody waits for it any more.
    void take_back(uint32_t first) {
        for (uint32_t link = first; link != DEFIB_NO_ROUTINE; link = line(link).then) {
            const uint32_t undo = line(link).undo;
            if (undo == DEFIB_NO_ROUTINE) continue;
            const std::string& name = session_.manifest().routines[undo].name;
            if (act(undo).outcome == DEFIB_OUTCOME_COMMITTED) repair.taken_back.push_back(name);
        }
    }

    const DefibRoutine& line(uint32_t routine) const {
        return session_.bound().routines[routine].routine;
    }

    Repair repair;
    std::optional<Error> broken;  // the engine runs no more

  private:
    Session& session_;
    std::span<const uint64_t> arguments_;
};

Result<uint32_t> find_way(Session& session, std::string_view name) {
    const auto routine = session.routine_that_is_on(name);
    if (!routine || !session.knows_hook(*routine)) return routine;
    if (const auto found = session.find_hook(BEATS_WITHIN); !found)
        return std::unexpected(found.error());
    return routine;
}

}  // namespace

Result<Repair> plan_only(Session& session, std::string_view name,
                         std::span<const uint64_t> arguments) {
    const auto routine = find_way(session, name);
    if (!routine) return std::unexpected(routine.error());
    Course course(session, arguments);
    const auto start = Clock::now();
    course.note(course.plan(*routine));
    if (course.broken) return std::unexpected(*course.broken);
    course.repair.took =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    return course.repair;
}

Result<Repair> repair(Session& session, std::string_view name, std::span<const uint64_t> arguments,
                      std::chrono::milliseconds within) {
    const auto routine = find_way(session, name);
    if (!routine) return std::unexpected(routine.error());
    Course course(session, arguments);
    const auto start = Clock::now();
    const auto deadline = start + within;
    const auto finish = [&] {
        course.repair.took =
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
        return course.repair;
    };
    const bool is_look = (session.kernel().window.flags & DEFIB_WINDOW_READ_ONLY) != 0;
    uint32_t next = *routine;  // what the next try begins with
    auto next_try = start;
    bool was_done = false;  // the first link, at least
    for (;;) {
        const auto now = Clock::now();
        if (now >= next_try && next != DEFIB_NO_ROUTINE) {
            const DefibAnswer answer = course.act(next);
            if (course.broken) return std::unexpected(*course.broken);
            // A later try that finds nothing to do takes nothing from what the first one did.
            if (!was_done || !is_success(answer.outcome) || !is_success(course.repair.outcome))
                course.note(answer);
            if (is_look) return finish();
            // A search for what it acts on is a part of it.
            const bool first_failed =
                !is_success(answer.outcome) &&
                (answer.routine == next || answer.routine == course.line(next).collector);
            if (!is_success(answer.outcome) && !is_worth_another(answer)) {
                if (was_done || !first_failed) course.take_back(*routine);
                return finish();
            }
            if (next == *routine && !first_failed) {
                was_done = true;
                const DefibRoutine& line = course.line(*routine);
                if (line.undo == DEFIB_NO_ROUTINE) next = line.then;
            }
            next_try = now + BETWEEN_TRIES;
        }
        if (was_done) {
            const auto effect = session.observe(*routine, arguments);
            if (!effect) return std::unexpected(effect.error());
            course.repair.effect = *effect;
            if (course.repair.effect == DEFIB_EFFECT_THERE) return finish();
        }
        if (course.repair.effect == DEFIB_EFFECT_NEVER || now >= deadline) {
            if (was_done) course.take_back(*routine);
            return finish();
        }
        std::this_thread::sleep_for(BETWEEN_LOOKS);
    }
}

std::string way_text(const DefibWayRecord& way) {
    std::string text = text_of_way(way.way);
    if (way.way != DEFIB_WAY_HOOK) return text;
    if (way.ask.kind == 0) return text + ": nothing to ask for";
    return fmt::format("{}: {} ({:#x}, {})", text, text_of_hook_kind(way.ask.kind),
                       way.ask.arguments[0], way.ask.arguments[1]);
}

std::string reason_text(uint32_t death) {
    switch (death) {
#define DEFIB_REASON_CASE(name, number, passes, text) \
    case DEFIB_REASON_##name:                         \
        return text;
        DEFIB_REASON_LIST(DEFIB_REASON_CASE)
#undef DEFIB_REASON_CASE
        case DEFIB_DEATH_FUEL:
            return "out of fuel";
        case DEFIB_DEATH_ADDRESS:
            return "not a kernel address";
        case DEFIB_DEATH_NOT_MAPPED:
            return "nothing mapped";
        case DEFIB_DEATH_WINDOW:
            return "outside of the target's memory";
        case DEFIB_DEATH_STRADDLE:
            return "across the end of a page";
        case DEFIB_DEATH_PLAN_FULL:
            return "more stores than a plan holds";
        case DEFIB_DEATH_RECORD:
            return "more than there is room for";
        case DEFIB_DEATH_SLOT:
            return "not bound";
        case DEFIB_DEATH_INDEX:
            return "an index out of range";
        case DEFIB_DEATH_TORN:
            return "it changed while it was read";
        default:
            return fmt::format("reason {}", death);
    }
}

std::string why_not(const Session& session, const Repair& repair) {
    const auto& routines = session.manifest().routines;
    const std::string where =
        repair.routine < routines.size() ? routines[repair.routine].name + ": " : "";
    switch (repair.outcome) {
        case DEFIB_OUTCOME_DIED:
            return where + reason_text(repair.death) +
                   (repair.death_address == 0 ? ""
                                              : fmt::format(" at {:#x}", repair.death_address));
        case DEFIB_OUTCOME_DISAGREED:
            return where + "no two of three executions were alike";
        case DEFIB_OUTCOME_STALE:
            return where + "what it is about changes faster than it can be written";
        case DEFIB_OUTCOME_PARTIAL:
            return where + "a value changed between two stores; the first ones stand";
        case DEFIB_OUTCOME_REFUSED:
            return where + "a store outside of the target's memory, or a routine that is off";
        default:
            break;
    }
    return repair.effect == DEFIB_EFFECT_NEVER ? "the effect cannot come any more"
                                               : "the effect did not come within the deadline";
}

}  // namespace defib::boot
