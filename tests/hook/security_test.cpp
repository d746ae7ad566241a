// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What must not be possible: to reach the memory window without the right to, or after the seal; to
// harm the kernel by what is written into the ring, or by unloading the module at the wrong moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "tests/hook/each_kernel.h"
#include "tests/hook/hooked_guest.h"
#include "tests/lab/under_test.h"

namespace defib::hook_test {
namespace {

using namespace std::chrono_literals;
using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;
using ::testing::AnyOf;

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, ::testing::Values("6.1", "6.12"), name_of_kernel);

constexpr const char* EPERM_ = "errno 1";
constexpr const char* EIO_ = "errno 5";
constexpr const char* EACCES_ = "errno 13";
constexpr const char* EFAULT_ = "errno 14";
constexpr const char* EBUSY_ = "errno 16";
constexpr const char* EINVAL_ = "errno 22";
constexpr const char* SIGSEGV_ = "signal 11";

// How many arguments each kind of request has; 0 and 19 are none.
#define ARGUMENTS_OF_KIND(name, number, where, arguments, text) arguments,
constexpr uint32_t ARGUMENTS_OF[] = {0, DEFIB_HOOK_KIND_LIST(ARGUMENTS_OF_KIND) 0};
#undef ARGUMENTS_OF_KIND

struct Tried {
    const char* what;
    const char* result;
};

// In this order, as the probe prints them. What is tried by a child is tried before the seal and
// after it.
constexpr Tried EXPECTED[] = {
    {"open", "ok"},
    {"second_open", EBUSY_},
    {"map_private", EINVAL_},
    {"map_executable", EPERM_},
    {"map_device", EINVAL_},
    {"map_too_far", EINVAL_},
    {"map", "ok"},
    {"coherence", "ok"},
    {"child_touch", SIGSEGV_},
    {"child_mmap", EPERM_},
    {"child_seal", EPERM_},
    {"other_mem_open", "ok"},
    {"other_mem_read", EIO_},
    {"other_mem_write", EIO_},
    {"other_readv", EFAULT_},
    {"other_ptrace", EIO_},
    {"split", EINVAL_},
    {"unmap_part", EINVAL_},
    {"dofork", EINVAL_},
    {"move", EPERM_},
    {"touch_after_move", "ok"},
    {"seal", "ok"},
    {"sealed_touch", SIGSEGV_},
    {"sealed_mprotect", EACCES_},
    {"sealed_map", EPERM_},
    {"sealed_move", EPERM_},
    {"sealed_grow", EFAULT_},
    {"sealed_duplicate", EFAULT_},
    {"sealed_touch_again", SIGSEGV_},
    {"sealed_write_from", EFAULT_},
    {"child_touch", SIGSEGV_},
    {"child_mmap", EPERM_},
    {"child_seal", EPERM_},
    {"other_mem_open", "ok"},
    {"other_mem_read", EIO_},
    {"other_mem_write", EIO_},
    {"other_readv", EFAULT_},
    {"other_ptrace", EIO_},
    {"sealed_second_open", EBUSY_},
    {"unseal", "errno 25"},
};

std::string probe(Guest& guest, const std::string& program, const std::string& what) {
    const auto outcome = guest.run({program, what});
    EXPECT_TRUE(ok(outcome)) << what;
    if (outcome) EXPECT_EQ(outcome->status, 0) << outcome->err;
    return outcome ? outcome->out : "";
}

void expect_the_window_is_sealed(Guest& guest, bool has_huge_entries) {
    const auto program = push_window_probe(guest);
    ASSERT_TRUE(ok(program));
    std::istringstream lines(probe(guest, *program, "all"));
    std::vector<std::pair<std::string, std::string>> seen;
    uint64_t touched = 0;
    uint64_t pages = 0;
    uint64_t tables_kb = 0;
    for (std::string line; std::getline(lines, line);) {
        if (std::sscanf(line.c_str(), "touched %lu of %lu", &touched, &pages) == 2) continue;
        if (std::sscanf(line.c_str(), "tables %lu", &tables_kb) == 1) continue;
        const size_t space = line.find(' ');
        seen.emplace_back(line.substr(0, space), line.substr(space + 1));
    }
    ASSERT_EQ(seen.size(), std::size(EXPECTED));
    for (size_t i = 0; i < seen.size(); i++) {
        EXPECT_EQ(seen[i].first, EXPECTED[i].what);
        EXPECT_EQ(seen[i].second, EXPECTED[i].result) << seen[i].first;
    }
    // Page tables: one of 4 KB for each 2 MB, or hardly any.
    EXPECT_GT(pages, 100'000U);
    if (has_huge_entries) {
        EXPECT_LT(tables_kb, 200U);
    } else {
        EXPECT_GT(tables_kb, pages * 8 / 1024);
    }

    // Who was killed leaves nothing; who has no right gets nothing.
    EXPECT_EQ(probe(guest, *program, "open"), "open ok\n");
    EXPECT_EQ(probe(guest, *program, "open-as-nobody"), "open errno 13\n");
    EXPECT_EQ(probe(guest, *program, "open-as-anybody-who-may"), "open errno 1\n");
    // A seal outlives the process as long as somebody has the device open.
    EXPECT_EQ(probe(guest, *program, "leave"), "open ok\nmap ok\nseal ok\n");
    EXPECT_EQ(probe(guest, *program, "open"), "open errno 16\n");
    ASSERT_TRUE(ok(guest.run({"killall", "-9", "window-probe"})));
    EXPECT_TRUE(ok(guest.wait_for(
        "the device to be free", [&] { return probe(guest, *program, "open") == "open ok\n"; },
        60s)));
}

// Random and forged words in every part of the ring that an engine may write, and in those that it
// may not: thousands of them, while the CPUs look.
void expect_nonsense_does_no_harm(Guest& guest, HookedGuest& hooked) {
    constexpr int ROUNDS = 4000;
    std::mt19937_64 random(8);
    const DefibHookHeader& ring = hooked.hook().description();
    auto* memory = hooked.hook().memory().data();
    auto* requests = reinterpret_cast<DefibHookRequest*>(memory + ring.requests_at);
    hooked.hook().set_period(1ms);
    for (int round = 0; round < ROUNDS; round++) {
        const auto slot = static_cast<uint32_t>(random() % ring.slots);
        DefibHookRequest forged;
        auto* words = reinterpret_cast<uint64_t*>(&forged);
        for (size_t i = 0; i < sizeof forged / 8; i++) words[i] = random();
        if (round % 4 != 0) {  // one that is well-formed, but for what it asks
            do {
                forged.kind = static_cast<uint32_t>(random() % 20);
            } while (forged.kind == DEFIB_HOOK_CRASH);
            forged.cpu =
                random() % 2 != 0 ? DEFIB_HOOK_ANY_CPU : static_cast<uint32_t>(random() % 3);
            forged.attempts = static_cast<uint32_t>(random() % 8);
            // Unused arguments are zeros, mostly, so that every kind is done now and then.
            if (random() % 4 != 0) {
                for (uint32_t i = ARGUMENTS_OF[forged.kind]; i < DEFIB_HOOK_ARGUMENTS; i++) {
                    forged.arguments[i] = 0;
                }
            }
            // Addresses that are near enough to be tried.
            if (random() % 2 != 0 && forged.arguments[0] != 0) {
                forged.arguments[0] = 0xffff'8000'0000'0000 | random() >> 17;
            }
            if (random() % 2 != 0 && forged.arguments[1] != 0) forged.arguments[1] = random() % 16;
            // A write that would be allowed is the engine's to answer for: here it changes nothing.
            if (forged.kind == DEFIB_HOOK_COMPARE_AND_SET) {
                forged.arguments[3] = forged.arguments[2];
            }
            // Locks that are found free would be taken for real: unaligned ones are refused.
            if (forged.kind == DEFIB_HOOK_TRYLOCK || forged.kind == DEFIB_HOOK_RELEASE) {
                forged.arguments[0] |= 1;
            }
            forged.sum = defib_hook_request_sum(&forged, ring.load, slot);
        }
        const uint32_t sequence = forged.sequence;
        forged.sequence = 0;
        std::memcpy(&requests[slot], &forged, sizeof forged);
        std::atomic_ref(requests[slot].sequence).store(sequence);
        // Let the CPUs see some of them whole, and some torn.
        if (round % 16 == 0) std::this_thread::sleep_for(1ms);
        // The header is the hook's; it must not believe it either.
        if (round % 1000 == 500) {
            auto* header = reinterpret_cast<uint64_t*>(memory);
            for (size_t i = 0; i < sizeof(DefibHookHeader) / 8; i++) header[i] = random();
        }
    }
    // The description again, so that the client goes on.
    DefibHookHeader header = ring;
    header.state = DEFIB_HOOK_STATE_SERVING;
    std::memcpy(memory, &header, sizeof header);
    hooked.detach();
    ASSERT_TRUE(ok(hooked.attach()));
    EXPECT_EQ(hooked.ask({}), DEFIB_HOOK_STATUS_DONE);
    const auto counts = guest.read_file("/sys/class/misc/defib/requests");
    ASSERT_TRUE(ok(counts));
    uint64_t served = 0;
    uint64_t refused = 0;
    uint64_t malformed = 0;
    ASSERT_EQ(std::sscanf(counts->c_str(), "served %lu refused %lu malformed %lu", &served,
                          &refused, &malformed),
              3)
        << *counts;
    EXPECT_GT(malformed, 20U) << *counts;
    EXPECT_GT(refused, 20U) << *counts;
    EXPECT_GT(served, 20U) << *counts;
    std::printf("after %d forged requests: %s", ROUNDS, counts->c_str());
}

// The module goes while requests of every kind are on their way, and comes again.
void expect_unload_at_any_time(Guest& guest, HookedGuest& hooked) {
    for (int round = 0; round < 3; round++) {
        std::atomic<bool> over = false;
        std::thread busy([&] {
            std::mt19937 random(static_cast<unsigned>(round));
            constexpr uint32_t KINDS[] = {DEFIB_HOOK_NOTHING, DEFIB_HOOK_READ, DEFIB_HOOK_SYNC,
                                          DEFIB_HOOK_THAW,    DEFIB_HOOK_POKE, DEFIB_HOOK_BORROW};
            while (!over && hooked.hook().state() == DEFIB_HOOK_STATE_SERVING) {
                auto slot = hooked.hook().post({.kind = KINDS[random() % std::size(KINDS)]});
                for (uint32_t each = 0; each < DEFIB_HOOK_SLOTS && !slot; each++) {
                    hooked.hook().answer(each);
                }
                std::this_thread::yield();
            }
        });
        const auto unloaded = unload(guest);
        over = true;
        busy.join();
        EXPECT_TRUE(ok(unloaded));
        hooked.detach();
        const auto module = hook_module(guest.kernel());
        ASSERT_TRUE(ok(module));
        ASSERT_TRUE(ok(guest.load_module(*module)));
        ASSERT_TRUE(ok(hooked.attach()));
        EXPECT_EQ(hooked.ask({}), DEFIB_HOOK_STATUS_DONE);
    }
}

TEST_P(EachKernel, WithstandsAttacksFromBothSides) {
    GuestUnderTest guest({.kernel = GetParam()});
    ASSERT_TRUE(guest.is_up());
    auto hooked = HookedGuest::load(*guest, "");
    ASSERT_TRUE(ok(hooked));
    expect_the_window_is_sealed(*guest, GetParam() == "6.12");
    expect_nonsense_does_no_harm(*guest, *hooked);
    expect_unload_at_any_time(*guest, *hooked);
    EXPECT_TRUE(guest->alive(Guest::PATIENCE));
    const auto log = guest->run({"dmesg"});
    ASSERT_TRUE(ok(log));
    for (const char* complaint : {"WARNING:", "BUG:", "Oops", "general protection"}) {
        EXPECT_EQ(log->out.find(complaint), std::string::npos) << complaint << "\n" << log->out;
    }
}

}  // namespace
}  // namespace defib::hook_test
