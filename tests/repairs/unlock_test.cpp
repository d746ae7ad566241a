// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A machine in which every CPU waits for a spinlock that nobody holds runs again when the lock is
// released from outside. One whose locks are held is left alone, and so is a lock that has changed
// since it was found.
#include <regex>

#include "boot/find/kernel_memory.h"
#include "engine/routines/views/stat_records.h"
#include "tests/repairs/ward.h"

namespace defib::repairs {
namespace {

using lab::Clock;

constexpr auto PATIENCE = std::chrono::milliseconds(120'000);
constexpr auto OBSERVATION = std::chrono::seconds(1);

struct Deadlock {
    std::string name;
    const char* fault;
    const char* kernel;
};

struct Unlock : ::testing::TestWithParam<Deadlock> {};

INSTANTIATE_TEST_SUITE_P(Deadlocks, Unlock,
                         ::testing::Values(Deadlock{"queued_6_1", "f1a_queue", "6.1"},
                                           Deadlock{"queued_irqs_off_6_12", "f1b_queue", "6.12"},
                                           Deadlock{"test_and_set_6_12", "f1a", "6.12"}),
                         [](const auto& deadlock) { return deadlock.param.name; });

// All context switches of all CPUs since the boot.
uint64_t switches(Ward& ward) {
    const auto seen = ward.session().view("cpus");
    uint64_t sum = 0;
    if (!seen) return sum;
    for (const boot::SeenRecord& record : seen->records) {
        const auto cpu = record.as<DefibCpuRecord>(DEFIB_RECORD_CPU);
        if (cpu) sum += cpu->switches;
    }
    return sum;
}

// What a detector of stuck CPUs would wait for.
testing::AssertionResult stands_still(Ward& ward, uint64_t& count) {
    auto since = Clock::now();
    count = switches(ward);
    const auto still = [&] {
        const uint64_t now = switches(ward);
        if (now != count) since = Clock::now();
        count = now;
        return Clock::now() - since > OBSERVATION;
    };
    return lab::ok(ward.guest().wait_for("stillness", still, PATIENCE));
}

// As the module tells when it leaks the lock.
uint64_t told_address(const lab::Guest& guest, const char* words) {
    std::smatch match;
    const std::string console = guest.console();
    const std::regex told(std::string(words) + " ([0-9a-f]{16})");
    return std::regex_search(console, match, told) ? std::stoull(match[1], nullptr, 16) : 0;
}

uint64_t word_of(Ward& ward, uint64_t lock) {
    boot::KernelMemory memory(ward.session().kernel().window, ward.session().kernel().map);
    return memory.read<uint32_t>(lock).value_or(0);
}

TEST_P(Unlock, LetsAllCpusGoOn) {
    const faults::Fault& fault = *faults::find(GetParam().fault);
    Ward ward(faults::guest_for(fault, GetParam().kernel));
    ASSERT_TRUE(ward.is_open());
    ASSERT_TRUE(lab::ok(faults::inject(ward.guest(), fault)));
    ASSERT_TRUE(lab::ok(ward.guest().wait_for_console("leaked the lock at", PATIENCE)));
    uint64_t count = 0;
    ASSERT_TRUE(stands_still(ward, count));
    const uint64_t lock = told_address(ward.guest(), "leaked the lock at");
    ASSERT_NE(lock, 0U);
    const uint64_t word = word_of(ward, lock);

    EXPECT_TRUE(ward.refused("unlock", {lock, word + 1, count}, DEFIB_REASON_CHANGED));
    EXPECT_TRUE(ward.refused("unlock", {lock, word, count - 1}, DEFIB_REASON_CHANGED));
    EXPECT_EQ(word_of(ward, lock), word);
    EXPECT_TRUE(ward.done("unlock", {lock, word, count}));

    EXPECT_TRUE(ward.guest().alive(PATIENCE));
    const auto ran = ward.guest().run({"sh", "-c", "echo fine > /tmp/fine && cat /tmp/fine"});
    ASSERT_TRUE(lab::ok(ran));
    EXPECT_EQ(ran->out, "fine\n");
    // Each waiter got it, one after the other, and gave it back.
    const auto all = [&] {
        const auto out = ward.guest().run({"sh", "-c", "dmesg | grep -c 'a waiter got the lock'"});
        return out && std::stoul("0" + out->out) == fault.guest.cpus;
    };
    EXPECT_TRUE(lab::ok(ward.guest().wait_for("all waiters", all, PATIENCE)));
    EXPECT_EQ(word_of(ward, lock), 0U);
}

TEST(HeldLocks, AreLeftAlone) {
    const faults::Fault& fault = *faults::find("f1d");
    Ward ward(faults::guest_for(fault, "6.12"));
    ASSERT_TRUE(ward.is_open());
    ASSERT_TRUE(lab::ok(faults::inject(ward.guest(), fault)));
    ASSERT_TRUE(lab::ok(ward.guest().wait_for_console("locks at", PATIENCE)));
    uint64_t count = 0;
    ASSERT_TRUE(stands_still(ward, count));
    for (const char* words : {"locks at", "locks at [0-9a-f]{16} and"}) {
        const uint64_t lock = told_address(ward.guest(), words);
        ASSERT_NE(lock, 0U);
        EXPECT_TRUE(
            ward.refused("unlock", {lock, word_of(ward, lock), count}, DEFIB_REASON_NOT_PROVED));
    }
}

// The last one in a queue whose tail was overwritten has the lock, and waits for somebody behind
// it.
struct BrokenQueue : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, BrokenQueue, ::testing::Values("6.1", "6.12"),
                         [](const auto& kernel) {
                             return std::string(kernel.param) == "6.1" ? "linux_6_1" : "linux_6_12";
                         });

std::vector<uint64_t> switches_of_each(Ward& ward) {
    std::vector<uint64_t> all;
    const auto seen = ward.session().view("cpus");
    if (!seen) return all;
    for (const boot::SeenRecord& record : seen->records) {
        const auto cpu = record.as<DefibCpuRecord>(DEFIB_RECORD_CPU);
        if (cpu) all.push_back(cpu->switches);
    }
    return all;
}

TEST_P(BrokenQueue, IsRescuedAndNotUnlocked) {
    const faults::Fault& fault = *faults::find("f1f");
    Ward ward(faults::guest_for(fault, GetParam()));
    ASSERT_TRUE(ward.is_open());
    ASSERT_TRUE(lab::ok(faults::inject(ward.guest(), fault)));
    ASSERT_TRUE(lab::ok(ward.guest().wait_for_console("word was overwritten", PATIENCE)));
    uint64_t count = 0;
    ASSERT_TRUE(stands_still(ward, count));
    const uint64_t lock = told_address(ward.guest(), "leaked the lock at");
    ASSERT_NE(lock, 0U);
    const uint64_t word = word_of(ward, lock);
    EXPECT_TRUE(ward.refused("unlock", {lock, word, count}, DEFIB_REASON_NOT_PROVED));
    EXPECT_TRUE(ward.refused("rescue_queue", {lock, 0}, DEFIB_REASON_STATE));
    EXPECT_TRUE(ward.refused("rescue_queue", {lock + 4, count}, DEFIB_REASON_STATE));

    // Which CPU it is stands in the finding; here each is tried.
    int rescued = 0;
    for (const uint64_t switches : switches_of_each(ward)) {
        rescued += ward.done("rescue_queue", {lock, switches}) ? 1 : 0;
    }
    EXPECT_EQ(rescued, 1);
    EXPECT_TRUE(ward.guest().alive(PATIENCE));
    const auto all = [&] {
        const auto out = ward.guest().run({"sh", "-c", "dmesg | grep -c 'a waiter got the lock'"});
        return out && std::stoul("0" + out->out) == fault.guest.cpus;
    };
    EXPECT_TRUE(lab::ok(ward.guest().wait_for("all waiters", all, PATIENCE)));
    EXPECT_EQ(word_of(ward, lock), 0U);
}

}  // namespace
}  // namespace defib::repairs
