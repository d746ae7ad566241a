// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/policy.h"

#include "engine/abi/engine.h"

namespace defib::runtime {
namespace {

bool is_time(uint32_t ms) {
    return ms <= DEFIB_POLICY_LONGEST_MS;
}

// Whether the text ends inside of its room.
bool is_text(const char* text, uint32_t room) {
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < room; i++) {
        if (text[i] == 0) return true;
    }
    return false;
}

// "/", or "/a/b": what a cgroup's path is compared with, name by name.
bool is_path(const char* text) {
    if (!is_text(text, DEFIB_POLICY_PATH_SIZE) || text[0] != '/') return false;
#pragma clang loop unroll(disable)
    for (uint32_t i = 1; text[i] != 0; i++) {
        if (text[i] == '/' && (text[i - 1] == '/' || text[i + 1] == 0)) return false;
    }
    return true;
}

bool is_step(const DefibPolicyStep& step) {
    if (step.routine >= DEFIB_ROUTINES || step.argument_count > DEFIB_ARGUMENTS) return false;
    if (!is_time(step.deadline_ms) || !is_time(step.grace_ms)) return false;
    if (step.deadline_ms == 0) return false;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < step.argument_count; i++) {
        const DefibPolicyArgument& argument = step.arguments[i];
        if (argument.source > DEFIB_FROM_LAST) return false;
        if (argument.source == DEFIB_FROM_EVIDENCE && argument.index >= DEFIB_FINDING_EVIDENCE) {
            return false;
        }
    }
    return true;
}

bool has_whole_conditions(const DefibPolicyRule& rule) {
    if (rule.condition_count > DEFIB_POLICY_CONDITIONS || rule.join > DEFIB_JOIN_ANY) return false;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < rule.condition_count; i++) {
        if (rule.conditions[i].evidence >= DEFIB_FINDING_EVIDENCE) return false;
        if (rule.conditions[i].comparison > DEFIB_IS_NOT) return false;
    }
    return true;
}

// The chain's and those behind it.
uint32_t steps_of(const DefibPolicyRule& rule) {
    return rule.step_count + rule.finally_count;
}

// A step that asks for a victim in a rule that chooses none would act on nobody's zeros.
bool has_its_victim(const DefibPolicyRule& rule) {
    if (rule.victim > DEFIB_VICTIM_YOUNGEST) return false;
    if (rule.victim != DEFIB_VICTIM_NONE) return true;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < steps_of(rule); i++) {
#pragma clang loop unroll(disable)
        for (uint32_t k = 0; k < rule.steps[i].argument_count; k++) {
            if (rule.steps[i].arguments[k].source >= DEFIB_FROM_TASK) return false;
        }
    }
    return true;
}

bool is_rule(const DefibPolicyRule& rule) {
    if (!is_text(rule.name, DEFIB_POLICY_NAME_SIZE) || rule.name[0] == 0) return false;
    if (rule.detector >= DEFIB_ROUTINES || rule.mode > DEFIB_MODE_ACT) return false;
    if (rule.period_ms == 0 || !is_time(rule.period_ms)) return false;
    if (!is_time(rule.held_ms) || !is_time(rule.cooldown_ms)) return false;
    if (rule.step_count > DEFIB_POLICY_STEPS ||
        rule.finally_count > DEFIB_POLICY_STEPS - rule.step_count) {
        return false;
    }
    if (rule.mode == DEFIB_MODE_ACT && rule.step_count == 0) return false;
    if (rule.acts_per_hour > DEFIB_POLICY_ACTS_MAX) return false;
    if (rule.within[0] != 0 && !is_path(rule.within)) return false;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < steps_of(rule); i++) {
        if (!is_step(rule.steps[i])) return false;
    }
    return has_whole_conditions(rule) && has_its_victim(rule);
}

bool has_whole_lists(const DefibPolicy& policy) {
    if (policy.name_count > DEFIB_POLICY_NAMES || policy.cgroup_count > DEFIB_POLICY_CGROUPS ||
        policy.pid_count > DEFIB_POLICY_PIDS) {
        return false;
    }
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < policy.name_count; i++) {
        if (policy.names[i][0] == 0) return false;
    }
    bool needs_view = policy.cgroup_count != 0;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < policy.cgroup_count; i++) {
        if (!is_path(policy.cgroups[i])) return false;
    }
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < policy.rule_count; i++) {
        needs_view = needs_view || policy.rules[i].within[0] != 0;
    }
    return !needs_view || policy.cgroup_view < DEFIB_ROUTINES;
}

}  // namespace

bool check_policy(const DefibPolicy& policy) {
    if (policy.magic != DEFIB_POLICY_MAGIC || policy.version != DEFIB_POLICY_VERSION ||
        policy.size != sizeof(DefibPolicy)) {
        return false;
    }
    if (policy.mode > DEFIB_MODE_ACT || policy.acts_per_hour > DEFIB_POLICY_ALL_ACTS_MAX ||
        policy.rule_count > DEFIB_POLICY_RULES) {
        return false;
    }
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < policy.rule_count; i++) {
        if (!is_rule(policy.rules[i])) return false;
    }
    return has_whole_lists(policy);
}

}  // namespace defib::runtime
