// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/testing/sick_machine.h"

#include <algorithm>
#include <cstring>

#include "engine/abi/calls.h"
#include "engine/abi/cgroup_path.h"
#include "engine/routines/views/log_records.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/loop.h"

namespace defib::testing {
namespace {

template <class Record>
void report(DefibContext& context, uint32_t kind, const Record& record) {
    std::memcpy(defib_emit(&context, kind, sizeof record), &record, sizeof record);
}

}  // namespace

DefibCulprit culprit(int32_t pid, std::string_view name, uint64_t weight) {
    DefibCulprit one{};
    one.task = 0xffff888000000000 + static_cast<uint32_t>(pid) * 0x1000ULL;
    one.pid = pid;
    one.tgid = pid;
    one.start_ns = static_cast<uint32_t>(pid) * 1000ULL;
    one.weight = weight;
    one.cgroup = 0xffff888000200000;
    name.copy(one.comm, sizeof one.comm - 1);
    return one;
}

SickMachine::SickMachine() {
    memory.write<uint64_t>(WITNESS, 0x1122334455667788);
    responder.witness_count = 1;
    responder.witnesses[0] = {WITNESS, 0x1122334455667788};
    detector = engine.add(
        DEFIB_ROUTINE_READS,
        [this](DefibContext& context, const uint64_t*) {
            for (const Ailment& ailment : ailments) {
                DefibFinding finding = ailment.finding;
                finding.culprits = static_cast<uint32_t>(ailment.culprits.size());
                report(context, DEFIB_RECORD_FINDING, finding);
                for (const auto& one : ailment.culprits) {
                    report(context, DEFIB_RECORD_CULPRIT, one);
                }
                for (const std::string& text : ailment.log) {
                    DefibLogRecord line{};
                    line.sequence = 70;
                    line.length = static_cast<uint32_t>(text.size());
                    std::memcpy(line.text, text.data(), std::min(text.size(), sizeof line.text));
                    report(context, DEFIB_RECORD_LOG, line);
                }
            }
            if (detector_dies) defib_die(&context, DEFIB_DEATH_ADDRESS);
            return uint64_t{0};
        },
        1000000);
    observer = engine.add(DEFIB_ROUTINE_READS, [this](DefibContext&, const uint64_t*) {
        return static_cast<uint64_t>(effect);
    });
    undo = engine.add(DEFIB_ROUTINE_STORES, [this](DefibContext&, const uint64_t*) {
        undone++;
        return uint64_t{0};
    });
    follower = engine.add(DEFIB_ROUTINE_STORES, [this](DefibContext&, const uint64_t*) {
        followed++;
        return uint64_t{0};
    });
    repair = engine.add(DEFIB_ROUTINE_STORES, [this](DefibContext& context, const uint64_t* to) {
        if (refusal != 0) {
            defib_die(&context, refusal);
            return uint64_t{0};
        }
        // Every act is executed twice, and only one of these is committed.
        if (executions_++ % 2 == 0) {
            acts.push_back({static_cast<int32_t>(to[0]), static_cast<uint32_t>(to[1]), now_ms});
        }
        defib_store(&context, SyntheticMemory::direct(WORD),
                    to[0] << 32 | to[1] << 16 | acts.size(), 8, 1);
        return uint64_t{0};
    });
    engine.state().routines[repair].observer = observer;
    policy.cgroup_view = engine.add(DEFIB_ROUTINE_READS, [this](DefibContext& context, auto) {
        if (cgroup_names.empty()) {
            defib_die(&context, DEFIB_DEATH_ADDRESS);
            return uint64_t{0};
        }
        DefibCgroupRecord record{};
        cgroup_names.copy(record.names, sizeof record.names);
        record.levels = cgroup_levels;
        record.is_whole = 1;
        report(context, DEFIB_RECORD_CGROUP, record);
        return uint64_t{0};
    });
}

DefibPolicyRule& SickMachine::add_rule(std::string_view name) {
    DefibPolicyRule& rule = policy.rules[policy.rule_count++];
    name.copy(rule.name, sizeof rule.name - 1);
    rule.detector = detector;
    rule.mode = DEFIB_MODE_ACT;
    rule.period_ms = 10;
    rule.victim = DEFIB_VICTIM_LARGEST;
    rule.acts_per_hour = DEFIB_POLICY_ACTS_MAX;
    rule.cooldown_ms = 200;
    rule.step_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        DefibPolicyStep& step = rule.steps[i];
        step.routine = repair;
        step.argument_count = 2;
        step.arguments[0] = {DEFIB_FROM_PID, 0, 0};
        step.arguments[1] = {DEFIB_FROM_LITERAL, 0, i == 0 ? TERM : KILL};
        step.deadline_ms = 100;
        step.grace_ms = 50;
    }
    return rule;
}

uint32_t SickMachine::add_detector(uint32_t fault, const DefibCulprit& culprit) {
    return engine.add(DEFIB_ROUTINE_READS, [=](DefibContext& context, const uint64_t*) {
        DefibFinding finding{};
        finding.fault = fault;
        finding.culprits = 1;
        report(context, DEFIB_RECORD_FINDING, finding);
        report(context, DEFIB_RECORD_CULPRIT, culprit);
        return uint64_t{0};
    });
}

Ailment& SickMachine::fall_ill(uint32_t fault, uint64_t key, std::vector<DefibCulprit> culprits) {
    Ailment& one = ailments.emplace_back();
    one.finding.fault = fault;
    one.finding.key = key;
    one.culprits = std::move(culprits);
    return one;
}

void SickMachine::start() {
    runtime::start(engine.state(), now_ms * MS);
}

void SickMachine::run_ms(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        runtime::turn(engine.state(), now_ms * MS);
        now_ms++;
    }
}

bool SickMachine::stop() {
    if (engine.mailbox().command.kind != DEFIB_COMMAND_STOP) {
        DefibCommand command{};
        command.kind = DEFIB_COMMAND_STOP;
        runtime::post(engine.mailbox(), command);
    }
    run_ms(1);
    return runtime::is_answered(engine.mailbox());
}

std::vector<DefibJournalEntry> SickMachine::journal() const {
    std::vector<DefibJournalEntry> entries;
    DefibJournalEntry entry{};
    const DefibJournal& journal = *const_cast<TestEngine&>(engine).state().journal;
    for (uint64_t next = 1; runtime::read_entry(journal, next, entry); next = entry.sequence + 1) {
        entries.push_back(entry);
    }
    return entries;
}

uint32_t SickMachine::count(uint32_t kind) const {
    const auto entries = journal();
    return static_cast<uint32_t>(std::ranges::count(entries, kind, &DefibJournalEntry::kind));
}

bool SickMachine::has(uint32_t kind, uint32_t subject) const {
    return std::ranges::any_of(journal(), [&](const DefibJournalEntry& entry) {
        return entry.kind == kind && entry.subject == subject;
    });
}

}  // namespace defib::testing
