// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What must not be possible: to reach the memory window without the right to, or after the seal; to
// harm the kernel by what is written into the ring, or by unloading the module at the wrong moment.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <sstream>
#include <thread>

#include "tests/hook/each_kernel.h"
#include "tests/hook/forge.h"
#include "tests/hook/hooked_guest.h"
#include "tests/lab/under_test.h"

namespace defib::hook_test {
namespace {

using namespace std::chrono_literals;
using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, ::testing::Values("6.1", "6.12"), name_of_kernel);

constexpr const char* EPERM_ = "errno 1";
constexpr const char* EIO_ = "errno 5";
constexpr const char* EACCES_ = "errno 13";
constexpr const char* EFAULT_ = "errno 14";
constexpr const char* EBUSY_ = "errno 16";
constexpr const char* EINVAL_ = "errno 22";
constexpr const char* SIGSEGV_ = "signal 11";

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

void expect_nonsense_does_no_harm(Guest& guest, HookedGuest& hooked) {
    constexpr uint64_t FORGED = 4000;
    hooked.hook().set_period(1ms);
    forge_requests(hooked.hook(), FORGED, 8);
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
    EXPECT_GT(malformed, 0U) << *counts;
    EXPECT_GT(refused, 0U) << *counts;
    EXPECT_GT(served, 0U) << *counts;
    std::printf("after %lu forged requests: %s", FORGED, counts->c_str());
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
