// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whatever findings come and go, and whatever repairs do, what "first, do no harm" promises holds.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "engine/runtime/testing/sick_machine.h"

namespace defib::runtime {
namespace {

using testing::culprit;
using testing::SickMachine;

constexpr int32_t PROTECTED = 5;
constexpr uint32_t BUDGET = 6;

class RandomCourse {
  public:
    explicit RandomCourse(uint32_t seed) : random_(seed) {
        machine_.policy.pid_count = 1;
        machine_.policy.pids[0] = PROTECTED;
        machine_.policy.acts_per_hour = BUDGET + 2;
        for (const char* name : {"one", "two", "three"}) {
            DefibPolicyRule& rule = machine_.add_rule(name);
            rule.held_ms = below(60);
            rule.period_ms = 1 + below(30);
            rule.cooldown_ms = below(300);
            rule.acts_per_hour = below(BUDGET);
            rule.victim = 1 + below(4);
            rule.mode = below(4) == 0 ? DEFIB_MODE_OBSERVE : DEFIB_MODE_ACT;
            rule.step_count = 1 + below(2);
            rule.finally_count = rule.step_count == 1 ? below(2) : 0;
            for (DefibPolicyStep& step : rule.steps) {
                step.deadline_ms = 1 + below(100);
                step.grace_ms = below(100);
            }
        }
    }

    void run() {
        machine_.start();
        for (uint32_t i = 0; i < 150; i++) {
            change();
            machine_.run_ms(1 + below(25));
            look();
        }
        for (uint32_t i = 0; i < 5000 && !machine_.stop(); i++) look();
        EXPECT_TRUE(machine_.stop()) << "it never comes to its end";
    }

  private:
    uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }

    void change() {
        switch (below(6)) {
            case 0:
                machine_.ailments.clear();
                break;
            case 1:
            case 2: {
                std::vector<DefibCulprit> culprits;
                for (uint32_t i = below(5); i > 0; i--) {
                    culprits.push_back(culprit(static_cast<int32_t>(below(9)), "any", below(100)));
                }
                machine_.fall_ill(1 + below(4), below(3), culprits);
                break;
            }
            case 3:
                machine_.effect = static_cast<DefibEffect>(below(3));
                break;
            case 4:
                machine_.detector_dies = below(4) == 0;
                break;
            default:
                machine_.refusal = below(3) == 0 ? DEFIB_DEATH_OWN + 1 + below(8) : 0;
                break;
        }
    }

    void look() {
        for (const auto& act : machine_.acts) {
            ASSERT_GT(act.pid, 1);
            ASSERT_NE(act.pid, PROTECTED);
        }
        std::map<uint32_t, int> in_hand;
        for (const DefibCase& one : machine_.responder.cases) {
            if (one.state == DEFIB_CASE_FREE) ASSERT_EQ(one.owes, 0U) << "never taken back";
            if (one.state != DEFIB_CASE_ACTING && one.state != DEFIB_CASE_GRACE) continue;
            ASSERT_EQ(++in_hand[one.finding.fault], 1) << "two repairs of one fault";
            ASSERT_EQ(machine_.policy.rules[one.rule].mode, uint32_t{DEFIB_MODE_ACT});
        }
        for (uint32_t i = 0; i < machine_.policy.rule_count; i++) {
            ASSERT_LE(machine_.responder.acts[i], machine_.policy.rules[i].acts_per_hour);
        }
        ASSERT_LE(machine_.responder.all_acts, machine_.policy.acts_per_hour);
    }

    std::mt19937 random_;
    SickMachine machine_;
};

TEST(RespondProperty, DoesNoHarmInAnyCourseOfThings) {
    for (uint32_t seed = 1; seed <= 60; seed++) {
        SCOPED_TRACE(seed);
        RandomCourse(seed).run();
        if (::testing::Test::HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace defib::runtime
