// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/victim.h"

#include "engine/abi/cgroup_path.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

// PF_KTHREAD in include/linux/sched.h. kthreadd sets it, and no user process can.
constexpr uint32_t KERNEL_THREAD = 0x00200000;
// OOM_SCORE_ADJ_MIN in include/uapi/linux/oom.h: its owner's word that it is not to be killed.
constexpr int32_t NEVER_KILLED = -1000;

bool is_same_name(const char* one, const char* other) {
    for (uint32_t i = 0; i < DEFIB_POLICY_COMM_SIZE; i++) {
        if (one[i] != other[i]) return false;
        if (one[i] == 0) return true;
    }
    return true;
}

// Where name number `wanted` of the record starts; past its end: there is none.
uint32_t start_of_name(const DefibCgroupRecord& record, uint32_t wanted) {
    uint32_t at = 0;
#pragma clang loop unroll(disable)
    for (uint32_t seen = 0; seen < wanted && at < sizeof record.names; at++) {
        if (record.names[at] == 0) seen++;
    }
    return at;
}

// Whether the cgroup is the one of that path or lies below it.
bool is_within(const DefibCgroupRecord& record, const char* path) {
    uint32_t at = 1;  // after the first slash
#pragma clang loop unroll(disable)
    for (uint32_t level = 0; at < DEFIB_POLICY_PATH_SIZE && path[at] != 0; level++) {
        if (level >= record.levels) return false;
        // The record begins with the innermost name.
        uint32_t name = start_of_name(record, record.levels - 1 - level);
#pragma clang loop unroll(disable)
        for (; at < DEFIB_POLICY_PATH_SIZE && path[at] != 0 && path[at] != '/'; at++, name++) {
            if (name >= sizeof record.names || record.names[name] != path[at]) return false;
        }
        if (name >= sizeof record.names || record.names[name] != 0) return false;
        if (at < DEFIB_POLICY_PATH_SIZE && path[at] == '/') at++;
    }
    return true;
}

// The record lies in the first replica's buffer until the next execution. nullptr: the path cannot
// be read.
const DefibCgroupRecord* path_of(DefibEngine& engine, uint64_t cgroup) {
    const uint32_t view = engine.responder->policy.cgroup_view;
    const DefibRoutine* routine = routine_of(engine, view);
    if (routine == nullptr || routine->state != DEFIB_ROUTINE_READS || cgroup == 0) return nullptr;
    DefibContext& context = engine.replicas[0];
    const DefibRecords records = {engine.replica_records, DEFIB_REPLICA_RECORDS, 0, 0, 0};
    forget_translations(context.cache);
    begin(context, *engine.target, routine->fuel, DEFIB_STORES_DENIED, records);
    const uint64_t arguments[DEFIB_ARGUMENTS] = {cgroup};
    run(context, view, arguments);
    if (context.death != DEFIB_DEATH_NONE || context.records.count == 0) return nullptr;
    const auto* header = pointer_to<const DefibRecordHeader>(context.records.bytes);
    if (header->kind != DEFIB_RECORD_CGROUP || header->size != sizeof(DefibCgroupRecord)) {
        return nullptr;
    }
    const auto* record = reinterpret_cast<const DefibCgroupRecord*>(header + 1);
    return record->is_whole != 0 ? record : nullptr;
}

DefibDecline protection_by_cgroup(DefibEngine& engine, const DefibPolicyRule& rule,
                                  const DefibCulprit& culprit) {
    const DefibPolicy& policy = engine.responder->policy;
    if (policy.cgroup_count == 0 && rule.within[0] == 0) return DEFIB_DECLINE_NONE;
    const DefibCgroupRecord* path = path_of(engine, culprit.cgroup);
    if (path == nullptr) return DEFIB_DECLINE_CGROUP_UNREADABLE;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < policy.cgroup_count; i++) {
        if (is_within(*path, policy.cgroups[i])) return DEFIB_DECLINE_CGROUP;
    }
    const bool is_other = rule.within[0] != 0 && !is_within(*path, rule.within);
    return is_other ? DEFIB_DECLINE_OTHER_CGROUP : DEFIB_DECLINE_NONE;
}

}  // namespace

uint64_t half_of_name(const char* comm, uint32_t half) {
    uint64_t word = 0;
    for (uint32_t i = 0; i < 8; i++) {
        word |= uint64_t{static_cast<uint8_t>(comm[half * 8 + i])} << (8 * i);
    }
    return word;
}

uint64_t rank_of(const DefibCulprit& culprit, uint32_t measure, uint32_t place) {
    switch (measure) {
        case DEFIB_VICTIM_LARGEST:
            return culprit.weight;
        case DEFIB_VICTIM_FASTEST:
            return culprit.growth;
        case DEFIB_VICTIM_YOUNGEST:
            return culprit.start_ns;
        default:
            return ~uint64_t{place};
    }
}

DefibDecline protection_of(DefibEngine& engine, const DefibPolicyRule& rule,
                           const DefibCulprit& culprit) {
    const DefibPolicy& policy = engine.responder->policy;
    // A task without a number is the idle task, or no task at all.
    if (culprit.tgid <= 1 || culprit.pid <= 1) return DEFIB_DECLINE_INIT;
    if ((culprit.flags & KERNEL_THREAD) != 0) return DEFIB_DECLINE_KERNEL_THREAD;
    if (culprit.oom_score_adj <= NEVER_KILLED) return DEFIB_DECLINE_OOM_PROTECTED;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < policy.pid_count; i++) {
        if (policy.pids[i] == culprit.pid || policy.pids[i] == culprit.tgid) {
            return DEFIB_DECLINE_PID;
        }
    }
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < policy.name_count; i++) {
        if (is_same_name(policy.names[i], culprit.comm)) return DEFIB_DECLINE_NAME;
    }
    if (culprit.weight < rule.least_weight || culprit.growth < rule.least_growth) {
        return DEFIB_DECLINE_TOO_SMALL;
    }
    return protection_by_cgroup(engine, rule, culprit);
}

bool choose_victim(DefibEngine& engine, DefibCase& one, Tell tell, uint64_t now_ns) {
    const DefibPolicyRule& rule = engine.responder->policy.rules[one.rule];
    one.has_victim = 0;
    uint32_t tried = 0;  // a bit for each culprit
    for (uint32_t attempt = 0; attempt < one.culprit_count; attempt++) {
        uint32_t best = DEFIB_CASE_CULPRITS;
#pragma clang loop unroll(disable)
        for (uint32_t i = 0; i < one.culprit_count; i++) {
            if ((tried >> i & 1) != 0) continue;
            const bool is_first = best == DEFIB_CASE_CULPRITS;
            if (is_first || rank_of(one.culprits[i], rule.victim, i) >
                                rank_of(one.culprits[best], rule.victim, best)) {
                best = i;
            }
        }
        if (best == DEFIB_CASE_CULPRITS) return false;
        tried |= 1U << best;
        DefibCulprit& culprit = one.culprits[best];
        culprit.protection = protection_of(engine, rule, culprit);
        if (culprit.protection == DEFIB_DECLINE_NONE) {
            one.victim = culprit;
            one.has_victim = 1;
            return true;
        }
        if (tell == Tell::everything) {
            append(*engine.journal, now_ns, DEFIB_JOURNAL_DECLINED, culprit.protection,
                   {one.rule, static_cast<uint32_t>(culprit.pid), half_of_name(culprit.comm, 0),
                    half_of_name(culprit.comm, 1)},
                   one.number);
        }
    }
    return false;
}

void note_victim(DefibEngine& engine, const DefibCase& one, uint64_t now_ns) {
    if (one.has_victim == 0) return;
    const DefibCulprit& victim = one.victim;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_VICTIM, static_cast<uint32_t>(victim.pid),
           {victim.start_ns, engine.responder->policy.rules[one.rule].victim,
            half_of_name(victim.comm, 0), half_of_name(victim.comm, 1)},
           one.number);
}

}  // namespace defib::runtime
