// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/testing/test_routines.h"

#include "engine/abi/calls.h"

namespace defib::testing {

std::vector<TestRoutine>& test_routines() {
    static std::vector<TestRoutine> routines;
    return routines;
}

TestEngine::TestEngine(SyntheticMemory& memory) {
    test_routines().clear();
    engine_->abi_version = DEFIB_ABI_VERSION;
    engine_->target = &memory.target();
    engine_->mailbox = mailbox_.get();
    engine_->journal = journal_.get();
    engine_->records = {reinterpret_cast<uint64_t>(records_.data()),
                        static_cast<uint32_t>(records_.size() * 8), 0, 0, 0};
    engine_->objects = objects_.data();
    engine_->replica_records = reinterpret_cast<uint64_t>(replica_records_.data());
}

uint32_t TestEngine::add(DefibRoutineState state, TestRoutine routine, uint64_t fuel) {
    const auto number = static_cast<uint32_t>(test_routines().size());
    test_routines().push_back(std::move(routine));
    engine_->routines[number] = {fuel,
                                 static_cast<uint32_t>(state),
                                 DEFIB_NO_ROUTINE,
                                 DEFIB_NO_ROUTINE,
                                 DEFIB_NO_ROUTINE,
                                 DEFIB_NO_ROUTINE,
                                 0};
    return number;
}

DefibResponder& TestEngine::add_responder() {
    responder_ = std::make_unique<DefibResponder>();
    DefibPolicy& policy = responder_->policy;
    policy.magic = DEFIB_POLICY_MAGIC;
    policy.version = DEFIB_POLICY_VERSION;
    policy.size = sizeof policy;
    policy.mode = DEFIB_MODE_ACT;
    policy.acts_per_hour = DEFIB_POLICY_ALL_ACTS_MAX;
    policy.cgroup_view = DEFIB_NO_ROUTINE;
    engine_->responder = responder_.get();
    return *responder_;
}

std::vector<uint64_t> TestEngine::words(const DefibRecords& records, uint32_t kind) const {
    std::vector<uint64_t> result;
    for (uint32_t at = 0; at < records.used;) {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): records lie at an address of the backend
        const auto* header = reinterpret_cast<const DefibRecordHeader*>(records.bytes + at);
        if (header->kind == kind) result.push_back(*reinterpret_cast<const uint64_t*>(header + 1));
        at += static_cast<uint32_t>(sizeof(DefibRecordHeader)) + ((header->size + 7) & ~7U);
    }
    return result;
}

}  // namespace defib::testing

extern "C" uint64_t defib_dispatch(DefibContext* context, uint32_t routine,
                                   const uint64_t* arguments) {
    auto& routines = defib::testing::test_routines();
    if (routine < routines.size()) return routines[routine](*context, arguments);
    defib_die(context, DEFIB_DEATH_ROUTINE);
    return 0;
}
