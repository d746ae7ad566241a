// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/corrupt/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "engine/routines/views/records.h"
#include "engine/runtime/detect.h"
#include "engine/runtime/processor.h"

namespace defib::corrupt {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t MOST_WRONG = 20;
constexpr uint64_t SAME_ARGUMENTS = 16;  // trials
constexpr uint64_t NS_A_SECOND = 1000000000;

// One thing that is run over the memory.
struct Walk {
    std::string name;
    std::string kind;
    uint32_t routine = 0;
    std::string collector;
    std::vector<uint64_t> arguments;
};

// What a walk came to, as one number, to see whether it was another one.
class Digest {
  public:
    void add(uint64_t word) {
        value_ = (value_ ^ word) * 1099511628211U;
        value_ ^= value_ >> 29;
    }
    void add(const std::vector<boot::SeenRecord>& records) {
        for (const boot::SeenRecord& record : records) {
            for (const std::byte byte : record.bytes) add(static_cast<uint64_t>(byte));
        }
    }
    uint64_t value() const { return value_; }

  private:
    uint64_t value_ = 14695981039346656037U;
};

class Trial {
  public:
    explicit Trial(Frozen& frozen) : session_(frozen.session()) {}

    Result<void> prepare() {
        const auto seen = session_.view("process", "threads");
        if (!seen) return std::unexpected(seen.error());
        for (const boot::SeenRecord& record : seen->records) {
            if (const auto one = record.as<DefibProcessRecord>(DEFIB_RECORD_PROCESS)) {
                processes_.push_back(*one);
            }
        }
        if (processes_.empty()) return fail(DEFIB_ERROR_LAB_REFUSED, "the guest", "no process");
        uint32_t detectors = 0;
        const auto& all = session_.manifest().routines;
        for (uint32_t i = 0; i < all.size(); i++) {
            if (!session_.bound().routines[i].why_off.empty()) continue;
            Walk walk{all[i].name, all[i].kind, i, all[i].collector, {}};
            if (walk.kind == "collector") continue;  // runs with who wants it
            if (walk.kind == "detector") {
                session_.twin()->state().detectors[detectors].routine = i;
                walk.routine = detectors++;
            }
            if (walk.name == "process" || walk.name == "wait" || walk.name == "thread_time") {
                walk.collector = "threads";
            }
            walks_.push_back(std::move(walk));
        }
        return {};
    }

    void choose_arguments(std::mt19937_64& random) {
        const DefibProcessRecord& who = processes_[random() % processes_.size()];
        for (Walk& walk : walks_) {
            walk.arguments.clear();
            if (walk.kind == "detector") {
                // Nothing is so short or so little that it is not looked into.
                walk.arguments.assign(DEFIB_ARGUMENTS, 0);
                continue;
            }
            const auto& entry = session_.manifest().routines[walk.routine];
            for (const auto& one : session_.manifest().given_arguments(entry)) {
                walk.arguments.push_back(argument(one, who, random));
            }
        }
    }

    // Gives the digest of each.
    std::vector<uint64_t> run_all(Outcome& outcome) {
        std::vector<uint64_t> digests;
        for (const Walk& walk : walks_) {
            const auto start = Clock::now();
            digests.push_back(run(walk, outcome));
            const double took_ms =
                std::chrono::duration<double, std::milli>(Clock::now() - start).count();
            if (took_ms > outcome.longest_ms) {
                outcome.longest_ms = took_ms;
                outcome.longest = walk.name;
            }
        }
        return digests;
    }

  private:
    static uint64_t argument(const boot::Argument& one, const DefibProcessRecord& who,
                             std::mt19937_64& random) {
        if (one.name == "task" || one.type == "task_struct") return who.task;
        if (one.name == "pid") return static_cast<uint64_t>(who.pid);
        if (one.name == "tgid") return static_cast<uint64_t>(who.tgid);
        if (one.name == "start_ns") return who.start_ns;
        if (one.name == "cgroup") return who.cgroup;
        if (one.name == "signal") return 1 + random() % 31;
        if (one.type != "integer") return who.task + 64 * (random() % 32);
        return random() % 4 == 0 ? random() : random() % 64;
    }

    void note_end(Outcome& outcome, uint32_t death) {
        outcome.walks++;
        if (death == DEFIB_DEATH_NONE)
            outcome.to_the_end++;
        else if (death == DEFIB_DEATH_FUEL)
            outcome.of_fuel++;
        else
            outcome.of_errors++;
        if (death != DEFIB_DEATH_NONE) outcome.deaths[death]++;
    }

    void complain(Outcome& outcome, const std::string& what) {
        if (outcome.wrong.size() < MOST_WRONG) outcome.wrong.push_back(what);
    }

    uint64_t run(const Walk& walk, Outcome& outcome) {
        if (walk.kind == "detector") return detect(walk, outcome);
        const auto seen = walk.kind == "routine"
                              ? session_.act(walk.routine, walk.arguments)
                              : session_.view(walk.name, walk.collector, walk.arguments);
        if (!seen) {
            complain(outcome, walk.name + ": " + to_line(seen.error()));
            return 0;
        }
        note_end(outcome, seen->answer.death);
        if (walk.kind == "routine") check_plan(walk, *seen, outcome);
        Digest digest;
        digest.add(seen->answer.outcome);
        digest.add(seen->answer.death);
        digest.add(seen->answer.result);
        digest.add(seen->answer.objects);
        digest.add(seen->records);
        return digest.value();
    }

    // With empty memory, then as if half a minute had passed three times: windows run out.
    uint64_t detect(const Walk& walk, Outcome& outcome) {
        DefibEngine& engine = session_.twin()->state();
        std::ranges::fill(engine.memory[walk.routine], 0);
        Digest digest;
        for (uint64_t second = 1000; second < 1120; second += 30) {
            const DefibContext* context =
                runtime::detect(engine, walk.routine, walk.arguments.data(), second * NS_A_SECOND);
            if (context == nullptr) {
                complain(outcome, walk.name + ": was not run");
                return 0;
            }
            note_end(outcome, context->death);
            digest.add(context->death);
            digest.add(context->records.count);
        }
        return digest.value();
    }

    // Nothing was made, and everything that was wanted is a field that the routine has declared.
    void check_plan(const Walk& walk, const boot::Seen& seen, Outcome& outcome) {
        if (seen.answer.outcome == DEFIB_OUTCOME_COMMITTED ||
            seen.answer.outcome == DEFIB_OUTCOME_PARTIAL) {
            complain(outcome, walk.name + ": a dry run has committed");
        }
        for (const boot::SeenRecord& record : seen.records) {
            const auto store = record.as<DefibStoreRecord>(DEFIB_RECORD_STORE);
            if (!store) continue;
            outcome.planned++;
            const auto& all = session_.manifest().routines;
            if (store->routine >= all.size()) {
                complain(outcome, walk.name + ": a store of no routine");
                continue;
            }
            const auto& declared = all[store->routine].stores;
            if (std::ranges::find(declared, store->field) == declared.end()) {
                complain(outcome, fmt::format("{}: a store to field {}, which it has not declared",
                                              all[store->routine].name, store->field));
            }
            if (store->is_made != 0) complain(outcome, walk.name + ": a dry run has stored");
        }
    }

    boot::Session& session_;
    std::vector<DefibProcessRecord> processes_;
    std::vector<Walk> walks_;
};

}  // namespace

Result<Outcome> run_trials(Frozen& frozen, uint64_t trials, unsigned most_words, uint64_t seed) {
    Trial trial(frozen);
    if (auto prepared = trial.prepare(); !prepared) return std::unexpected(prepared.error());
    std::mt19937_64 random(seed);
    Outcome sound;
    trial.choose_arguments(random);
    const auto noted = frozen.note_places([&] { trial.run_all(sound); });
    if (!noted) return std::unexpected(noted.error());
    Outcome outcome;
    std::vector<uint64_t> before;
    for (; outcome.trials < trials; outcome.trials++) {
        if (outcome.trials % SAME_ARGUMENTS == 0) {
            trial.choose_arguments(random);
            before = trial.run_all(sound);
        }
        const unsigned words = 1 + static_cast<unsigned>(random() % most_words);
        outcome.spoilt += words;
        frozen.spoil(random, words);
        if (trial.run_all(outcome) != before) outcome.noticed++;
        frozen.restore();
    }
    outcome.wrong.insert(outcome.wrong.end(), sound.wrong.begin(), sound.wrong.end());
    return outcome;
}

}  // namespace defib::corrupt
