// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Routines for tests, in place of the compiler's: defib_dispatch looks them up by number.
#ifndef DEFIB_ENGINE_RUNTIME_TESTING_TEST_ROUTINES_H
#define DEFIB_ENGINE_RUNTIME_TESTING_TEST_ROUTINES_H

#include <functional>
#include <memory>
#include <vector>

#include "engine/abi/engine.h"
#include "engine/runtime/testing/synthetic_memory.h"

namespace defib::testing {

using TestRoutine = std::function<uint64_t(DefibContext&, const uint64_t* arguments)>;

// The numbers are the places in this list.
std::vector<TestRoutine>& test_routines();

// An engine on synthetic memory, with its buffers.
class TestEngine {
  public:
    explicit TestEngine(SyntheticMemory& memory);
    ~TestEngine() { test_routines().clear(); }
    TestEngine(const TestEngine&) = delete;
    TestEngine& operator=(const TestEngine&) = delete;

    // Adds a routine and returns its number.
    uint32_t add(DefibRoutineState state, TestRoutine routine, uint64_t fuel = 1000);

    // An empty policy that may act, for the test to fill in before start().
    DefibResponder& add_responder();

    DefibEngine& state() { return *engine_; }
    DefibMailbox& mailbox() { return *mailbox_; }
    DefibJournal& journal() { return *journal_; }

    // The payloads of the answer's records of that kind, first word only.
    std::vector<uint64_t> words(const DefibRecords& records, uint32_t kind) const;

  private:
    std::unique_ptr<DefibEngine> engine_ = std::make_unique<DefibEngine>();
    std::unique_ptr<DefibMailbox> mailbox_ = std::make_unique<DefibMailbox>();
    std::unique_ptr<DefibJournal> journal_ = std::make_unique<DefibJournal>();
    std::unique_ptr<DefibResponder> responder_;
    std::vector<uint64_t> records_ = std::vector<uint64_t>(8192);
    std::vector<uint64_t> objects_ =
        std::vector<uint64_t>(static_cast<size_t>(DEFIB_OBJECT_ROOM) / 8 * 2);
    std::vector<uint64_t> replica_records_ =
        std::vector<uint64_t>(size_t{DEFIB_REPLICAS} * DEFIB_REPLICA_RECORDS / 8);
};

}  // namespace defib::testing

#endif
