// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Compiled routines, run on this processor against a runtime of the test's own: a byte array that
// plays the kernel, and a binding that says where everything lies in it.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "engine/compiler/runtime_calls.h"

struct DefibContext {
    std::vector<uint8_t> memory = std::vector<uint8_t>(4096);
    std::map<std::string, uint64_t> binding;  // by "kind path"
    std::vector<uint64_t> bound;
    uint64_t fuel = 1000;
    uint32_t death = 0;
    uint64_t record[8] = {};
    uint64_t behind_record = 0x5555;
    std::vector<std::string> stores;  // "path=value/width"
    uint64_t now = 0;
    uint64_t ring = 0;
    std::vector<uint64_t> kept = std::vector<uint64_t>(512);
    std::set<uint64_t> stored;  // addresses
};

namespace {

const nlohmann::json& manifest() {
    static const nlohmann::json PARSED = nlohmann::json::parse(std::ifstream(DEFIB_TEST_MANIFEST));
    return PARSED;
}

constexpr uint32_t OWN_POINTER = 18;  // DEFIB_DEATH_OWN_POINTER

bool is_inside(const DefibContext& context, uint64_t address, uint32_t size) {
    return address + size <= context.memory.size();
}

}  // namespace

extern "C" {

uint64_t defib_load(DefibContext* context, uint64_t address, uint32_t size) {
    if (context->death != 0) return 0;
    const bool is_unplanned = (size & defib::compiler::LOAD_UNPLANNED) != 0;
    size &= ~defib::compiler::LOAD_UNPLANNED;
    if (!is_inside(*context, address, size)) {
        context->death = 2;
        return 0;
    }
    if (is_unplanned && context->stored.contains(address)) {
        context->death = OWN_POINTER;
        return 0;
    }
    uint64_t value = 0;
    memcpy(&value, &context->memory[address], size);
    return value;
}

void defib_store(DefibContext* context, uint64_t address, uint64_t value, uint32_t size,
                 uint32_t field) {
    if (context->death != 0) return;
    if (!is_inside(*context, address, size)) {
        context->death = 2;
        return;
    }
    memcpy(&context->memory[address], &value, size);
    context->stored.insert(address);
    const auto& path = manifest()["fields"][field & ~defib::compiler::STORE_WHOLE]["path"];
    context->stores.push_back(path.get<std::string>() + "=" + std::to_string(value) + "/" +
                              std::to_string(size));
}

bool defib_charge(DefibContext* context, uint32_t units) {
    if (context->death == 0 && context->fuel < units) context->death = 1;
    if (context->death != 0) return false;
    context->fuel -= units;
    return true;
}

const uint64_t* defib_bindings(DefibContext* context, uint32_t slots) {
    context->bound.clear();
    for (uint32_t slot = 0; slot < slots; slot++) {
        const auto& entry = manifest()["slots"][slot];
        const std::string kind = entry["kind"];
        context->bound.push_back(context->binding[kind + " " + entry["path"].get<std::string>()]);
    }
    return context->bound.data();
}

void* defib_emit(DefibContext* context, uint32_t, uint32_t) {
    return context->record;
}

void* defib_memory(DefibContext* context, uint32_t) {
    return context->kept.data();
}

uint64_t defib_now(DefibContext* context) {
    return context->now;
}

uint64_t defib_hook(DefibContext* context) {
    return context->ring;
}

void defib_die(DefibContext* context, uint32_t reason) {
    if (context->death == 0) context->death = reason;
}

uint64_t defib_dispatch(DefibContext* context, uint32_t routine, const uint64_t* arguments);
}

namespace {

using defib::compiler::DEATH_INDEX;
using defib::compiler::DEATH_ROUTINE;
using defib::compiler::DEATH_UNREACHABLE;

constexpr uint64_t TASK = 256;
constexpr uint64_t SIGNAL = 1024;
constexpr uint64_t OTHER = 1536;
constexpr uint64_t SCRATCH = 2048;
constexpr int64_t SMALLEST = std::numeric_limits<int64_t>::min();

DefibContext context_with_layout() {
    DefibContext context;
    context.binding = {{"offset task_struct.comm", 40},
                       {"offset task_struct.flags", 8},
                       {"offset task_struct.pid", 16},
                       {"offset task_struct.tasks", 24},
                       {"offset task_struct.signal", 64},
                       {"offset task_struct.rlim", 128},
                       {"offset rlimit.rlim_max", 8},
                       {"size rlimit", 24},
                       {"offset task_struct.tasks.next", 24},
                       {"offset list_head.next", 0},
                       {"offset signal_struct.shared_pending.signal.sig", 48},
                       {"constant TIF_SIGPENDING", 2},
                       {"offset task_struct.in_iowait", 72},
                       {"size task_struct.in_iowait", 4},
                       {"bit_offset task_struct.in_iowait", 5},
                       {"bit_width task_struct.in_iowait", 2},
                       {"offset task_struct.parent", 80},
                       {"offset task_struct.thread_node", 88},
                       {"offset signal_struct.thread_head", 16},
                       {"offset signal_struct.thread_head.next", 16},
                       {"scratch address", SCRATCH},
                       {"scratch size", 64},
                       {"symbol init_task", TASK}};
    return context;
}

void put(DefibContext& context, uint64_t address, uint64_t value) {
    memcpy(&context.memory[address], &value, sizeof value);
}

uint64_t run(DefibContext& context, const char* name, std::vector<uint64_t> arguments) {
    arguments.resize(6);
    for (const auto& routine : manifest()["routines"])
        if (routine["name"] == name)
            return defib_dispatch(&context, routine["number"].get<uint32_t>(), arguments.data());
    ADD_FAILURE() << "no routine " << name;
    return 0;
}

uint64_t result_of(const char* name, std::vector<uint64_t> arguments) {
    DefibContext context = context_with_layout();
    const uint64_t result = run(context, name, std::move(arguments));
    EXPECT_EQ(context.death, 0U) << name;
    return result;
}

TEST(Routines, DivisionByZeroIsZero) {
    EXPECT_EQ(result_of("divide", {17, 5}), 3U);
    EXPECT_EQ(result_of("divide", {17, 0}), 0U);
    EXPECT_EQ(result_of("modulo", {17, 5}), 2U);
    EXPECT_EQ(result_of("modulo", {17, 0}), 0U);
    EXPECT_EQ(result_of("divide_signed", {static_cast<uint64_t>(-17), 0}), 0U);
}

TEST(Routines, SignedDivisionIsThatOfCxxAndWrapsWhereCxxSaysNothing) {
    for (const int64_t a : {17L, -17L, 1L, -1L, 0L, SMALLEST, SMALLEST + 1})
        for (const int64_t b : {5L, -5L, 1L, 17L, -17L, SMALLEST}) {
            const std::vector<uint64_t> both = {static_cast<uint64_t>(a), static_cast<uint64_t>(b)};
            EXPECT_EQ(static_cast<int64_t>(result_of("divide_signed", both)), a / b)
                << a << " " << b;
            EXPECT_EQ(static_cast<int64_t>(result_of("modulo_signed", both)), a % b)
                << a << " " << b;
        }
    const std::vector<uint64_t> overflow = {static_cast<uint64_t>(SMALLEST), ~uint64_t{0}};
    EXPECT_EQ(static_cast<int64_t>(result_of("divide_signed", overflow)), SMALLEST);
    EXPECT_EQ(result_of("modulo_signed", overflow), 0U);
    EXPECT_EQ(static_cast<int64_t>(result_of("divide_narrow", {0x80000000U, 0xffffffffU})),
              std::numeric_limits<int32_t>::min());
}

TEST(Routines, ShiftsCountModuloTheWidth) {
    EXPECT_EQ(result_of("shift_left", {1, 64}), 1U);
    EXPECT_EQ(result_of("shift_left", {1, 67}), 8U);
    EXPECT_EQ(result_of("shift_right_signed", {static_cast<uint64_t>(-8), 65}),
              static_cast<uint64_t>(-4));
    EXPECT_EQ(result_of("shift_narrow", {0x80000000U, 32}), 0x80000000U);
    EXPECT_EQ(result_of("zeroes", {0}), 64U);
}

TEST(Routines, AnIndexOutsideOfARecordEndsTheRoutine) {
    DefibContext context = context_with_layout();
    EXPECT_EQ(run(context, "put", {3, 9}), 9U);
    EXPECT_EQ(context.death, 0U);
    for (const uint64_t index : {uint64_t{8}, uint64_t{4096}, uint64_t{1} << 40}) {
        DefibContext other = context_with_layout();
        run(other, "put", {index, 0xffffffff});
        EXPECT_EQ(other.death, DEATH_INDEX) << index;
        EXPECT_EQ(other.behind_record, 0x5555U);
    }
    // An index that wraps may end up inside again, and nowhere else.
    for (const uint64_t index : {~uint64_t{0}, uint64_t{1} << 62, ~uint64_t{0} << 61}) {
        DefibContext other = context_with_layout();
        run(other, "put", {index, 0xffffffff});
        EXPECT_EQ(other.behind_record, 0x5555U);
    }
}

TEST(Routines, AnIndexOutsideOfAConstantTableEndsTheRoutine) {
    EXPECT_EQ(result_of("square", {4}), 16U);
    DefibContext context = context_with_layout();
    run(context, "square", {5});
    EXPECT_EQ(context.death, DEATH_INDEX);
}

TEST(Routines, AStoreStaysInsideOfItsArray) {
    DefibContext context = context_with_layout();
    run(context, "set_letter", {TASK, 15});
    EXPECT_EQ(context.stores, std::vector<std::string>{"task_struct.comm[]=120/1"});
    context.stores.clear();
    run(context, "set_letter", {TASK, 16});
    EXPECT_EQ(context.death, DEATH_INDEX);
    EXPECT_TRUE(context.stores.empty());
}

TEST(Routines, AnArrayOfStructuresHasTheKernelsStride) {
    DefibContext context = context_with_layout();
    run(context, "set_limit", {TASK, 2, 77});
    uint64_t stored = 0;
    memcpy(&stored, &context.memory[TASK + 128 + 2UL * 24 + 8], sizeof stored);
    EXPECT_EQ(stored, 77U);
    run(context, "set_limit", {TASK, 16, 77});
    EXPECT_EQ(context.death, DEATH_INDEX);
}

TEST(Routines, FuelEndsALoop) {
    DefibContext context = context_with_layout();
    run(context, "endless", {TASK});
    EXPECT_EQ(context.death, 1U);
    EXPECT_EQ(context.fuel, 0U);
}

TEST(Routines, ATornListEndsTheWalk) {
    DefibContext context = context_with_layout();
    put(context, TASK + 24, 0x4141414141414141);
    run(context, "count_tasks", {});
    EXPECT_EQ(context.death, 2U);
    DefibContext circle = context_with_layout();
    put(circle, TASK + 24, 512);  // not the head, and its next is itself
    put(circle, 512, 512);
    run(circle, "count_tasks", {});
    EXPECT_EQ(circle.death, 1U);
}

// The head of a list of threads lies in a signal_struct: what would be a task's flag around it is
// anything.
TEST(Routines, TheStartOfAListIsTakenForNoneOfItsObjects) {
    DefibContext context = context_with_layout();
    put(context, TASK + 64, SIGNAL);
    put(context, SIGNAL + 16, OTHER + 88);
    run(context, "mark_first_thread", {TASK});
    EXPECT_EQ(context.death, 0U);
    EXPECT_EQ(context.memory[OTHER + 8], 1U);
    DefibContext empty = context_with_layout();
    put(empty, TASK + 64, SIGNAL);
    put(empty, SIGNAL + 16, SIGNAL + 16);
    run(empty, "mark_first_thread", {TASK});
    EXPECT_EQ(empty.death, DEATH_INDEX);
}

TEST(Routines, APointerThatTheRoutineStoredIsNotFollowed) {
    DefibContext context = context_with_layout();
    run(context, "follow_own", {TASK, OTHER});
    EXPECT_EQ(context.death, OWN_POINTER);
    EXPECT_EQ(context.stores, std::vector<std::string>{"task_struct.parent=1536/8"});
    DefibContext other = context_with_layout();
    EXPECT_EQ(run(other, "compare_own", {TASK, OTHER}), 1U);
    EXPECT_EQ(other.death, 0U);
}

TEST(Routines, AStoreStaysInsideOfScratchMemory) {
    DefibContext context = context_with_layout();
    run(context, "write_scratch", {8, 15});
    EXPECT_EQ(context.death, 0U);
    EXPECT_EQ(context.memory[SCRATCH + 8 + 40 + 15], 'x');
    // The object that was asked for is inside, what is stored to in it is not.
    for (const uint64_t offset : {9U, 48U}) {
        DefibContext beyond = context_with_layout();
        run(beyond, "write_scratch", {offset, 15});
        EXPECT_EQ(beyond.death, DEATH_INDEX) << offset;
    }
    for (const uint64_t offset : {uint64_t{49}, uint64_t{64}, ~uint64_t{0}, uint64_t{1} << 63}) {
        DefibContext outside = context_with_layout();
        run(outside, "write_scratch", {offset, 0});
        EXPECT_EQ(outside.death, DEATH_INDEX) << offset;
    }
    DefibContext none = context_with_layout();
    none.binding["scratch size"] = 0;
    run(none, "write_scratch", {0, 0});
    EXPECT_EQ(none.death, DEATH_INDEX);
}

TEST(Routines, OffsetsAreTheBindings) {
    for (const uint64_t shift : {0U, 40U}) {
        DefibContext context = context_with_layout();
        context.binding["offset task_struct.signal"] += shift;
        put(context, TASK + 64 + shift, SIGNAL);
        run(context, "signal_task", {TASK, 1U << 8});
        EXPECT_EQ(context.memory[SIGNAL + 48 + 1], 1U);
        EXPECT_EQ(context.stores,
                  (std::vector<std::string>{"signal_struct.shared_pending.signal.sig[]=256/8",
                                            "task_struct.flags=4/8"}));
    }
}

TEST(Routines, ABitFieldIsReadAndStoredWhereTheLayoutHasIt) {
    DefibContext context = context_with_layout();
    put(context, TASK + 72, 0xffffffff);
    EXPECT_EQ(run(context, "clear_bits", {TASK}), 3U);
    EXPECT_EQ(context.memory[TASK + 72], 0x9f);
    EXPECT_EQ(context.memory[TASK + 73], 0xff);
}

TEST(Routines, ADetectorKnowsSinceWhen) {
    DefibContext context = context_with_layout();
    const auto at = [&](uint64_t now, uint64_t value) {
        put(context, TASK + 8, value);
        context.now = now;
        return run(context, "stands_still", {TASK, 3});
    };
    EXPECT_EQ(at(100, 7), 0U);
    EXPECT_EQ(at(130, 7), 30U);
    EXPECT_EQ(at(140, 8), 0U);
    EXPECT_EQ(at(155, 8), 15U);
    EXPECT_EQ(context.kept[1 + 3], 8U);
    run(context, "stands_still", {TASK, 4});
    EXPECT_EQ(context.death, DEATH_INDEX);
}

TEST(Routines, ARoutineThatGivesUpStoresNothingMore) {
    DefibContext context = context_with_layout();
    run(context, "quit", {TASK});
    EXPECT_EQ(context.death, 300U);
    EXPECT_TRUE(context.stores.empty());
}

TEST(Routines, AnImpossiblePathEndsTheRoutine) {
    EXPECT_EQ(result_of("impossible", {5}), 5U);
    DefibContext context = context_with_layout();
    run(context, "impossible", {0});
    EXPECT_EQ(context.death, DEATH_UNREACHABLE);
}

TEST(Routines, ArgumentsAreNarrowedAndResultsExtended) {
    EXPECT_EQ(static_cast<int64_t>(result_of("extend", {0xff80, 0x1ffff, 1})), -128);
    EXPECT_EQ(result_of("extend", {0, 0x1ffff, 0}), 0xffffU);
}

TEST(Routines, AnUnknownNumberEndsTheExecution) {
    DefibContext context = context_with_layout();
    const uint64_t arguments[6] = {};
    defib_dispatch(&context, 100000, arguments);
    EXPECT_EQ(context.death, DEATH_ROUTINE);
}

}  // namespace
