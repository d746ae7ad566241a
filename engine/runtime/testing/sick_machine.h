// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A machine for tests of the responder: its findings are a list that the test changes, a repair is
// a store of the victim's pid to a word of memory, and its effect is what the test says it is.
#ifndef DEFIB_ENGINE_RUNTIME_TESTING_SICK_MACHINE_H
#define DEFIB_ENGINE_RUNTIME_TESTING_SICK_MACHINE_H

#include <string>
#include <string_view>
#include <vector>

#include "engine/abi/reason.h"
#include "engine/runtime/testing/test_routines.h"

namespace defib::testing {

struct Ailment {
    DefibFinding finding{};
    std::vector<DefibCulprit> culprits;
    std::vector<std::string> log = {};  // lines that come behind it
};

DefibCulprit culprit(int32_t pid, std::string_view name, uint64_t weight = 1);

class SickMachine {
  public:
    static constexpr uint64_t MS = 1000000;
    static constexpr uint64_t WORD = 0x110000;     // what repairs write
    static constexpr uint64_t WITNESS = 0x120000;  // what only this kernel has there
    static constexpr uint32_t KILL = 9;
    static constexpr uint32_t TERM = 15;

    SickMachine();

    // A rule of that detector with two steps, TERM and KILL, each of 100 ms and 50 ms of grace.
    DefibPolicyRule& add_rule(std::string_view name);

    Ailment& fall_ill(uint32_t fault, uint64_t key, std::vector<DefibCulprit> culprits);

    // Another detector, that finds this for ever.
    uint32_t add_detector(uint32_t fault, const DefibCulprit& culprit);

    void start();
    // Turns once a millisecond.
    void run_ms(uint64_t count);
    bool stop();  // gives the command; true once it is answered

    std::vector<DefibJournalEntry> journal() const;
    uint32_t count(uint32_t kind) const;
    bool has(uint32_t kind, uint32_t subject) const;

    SyntheticMemory memory;
    TestEngine engine{memory};
    DefibResponder& responder = engine.add_responder();
    DefibPolicy& policy = responder.policy;

    std::vector<Ailment> ailments;
    DefibEffect effect = DEFIB_EFFECT_NOT_YET;
    bool detector_dies = false;
    uint32_t refusal = 0;  // why the repair gives up; 0: it does not
    struct Act {
        int32_t pid;
        uint32_t signal;
        uint64_t at_ms;
    };
    std::vector<Act> acts;          // one for each that was carried out
    uint32_t undone = 0;            // executions, two for each that was carried out
    uint32_t followed = 0;          // the same of what follows a repair
    std::string_view cgroup_names;  // of every cgroup, innermost first; empty: unreadable
    uint32_t cgroup_levels = 0;
    uint64_t now_ms = 0;

    uint32_t detector = 0;
    uint32_t repair = 0;
    uint32_t observer = 0;
    uint32_t undo = 0;
    uint32_t follower = 0;

  private:
    uint32_t executions_ = 0;
};

}  // namespace defib::testing

#endif
