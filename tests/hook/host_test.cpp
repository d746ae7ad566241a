// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The machine that is looked at is the one that looks: `defib ps --target host`, inside of a guest,
// through the hook's device; against what the guest itself says, and only for who may.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/faults/with_libraries.h"
#include "tests/hook/each_kernel.h"
#include "tests/hook/hooked_guest.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"

namespace defib::hook_test {
namespace {

using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, ::testing::Values("6.1", "6.12"), name_of_kernel);

TEST_P(EachKernel, IsLookedAtFromInside) {
    GuestUnderTest guest({.kernel = GetParam(), .ram_megabytes = 1024});
    ASSERT_TRUE(guest.is_up());
    const std::string defib = DEFIB_PROGRAM;
    const auto layout = std::filesystem::temp_directory_path() /
                        ("defib-host-" + std::to_string(guest->qemu()) + ".json");
    ASSERT_TRUE(ok(lab::run_host_program(
        {defib, "layout", "extract", guest->ram_file().string(), "-o", layout.string()})));
    ASSERT_TRUE(ok(guest->push_file(layout, "/layout.json")));
    std::filesystem::remove(layout);
    ASSERT_TRUE(ok(faults::push_with_libraries(*guest, defib)));
    const lab::Argv ps{defib, "ps", "--target", "host", "--layout", "/layout.json", "--json"};

    const auto without = guest->run(ps);
    ASSERT_TRUE(ok(without));
    EXPECT_EQ(without->status, 4);
    EXPECT_NE(without->err.find("load defib_hook.ko"), std::string::npos) << without->err;

    const auto module = hook_module(guest->kernel());
    ASSERT_TRUE(ok(module));
    ASSERT_TRUE(ok(guest->load_module(*module)));
    const auto sleeper = guest->start({"sleep", "1000"});
    ASSERT_TRUE(ok(sleeper));
    const auto seen = guest->run(ps);
    ASSERT_TRUE(ok(seen));
    ASSERT_EQ(seen->status, 0) << seen->err;
    const auto listed = nlohmann::json::parse(seen->out, nullptr, false);
    ASSERT_TRUE(listed.contains("processes")) << seen->out.substr(0, 400);
    const auto is = [](const auto& process, pid_t pid, const char* name) {
        return process["pid"] == pid && process["name"] == name;
    };
    const auto& processes = listed["processes"];
    EXPECT_TRUE(std::ranges::any_of(processes,
                                    [&](const auto& each) { return is(each, *sleeper, "sleep"); }));
    // It sees itself look.
    EXPECT_TRUE(
        std::ranges::any_of(processes, [&](const auto& each) { return each["name"] == "defib"; }));
    EXPECT_TRUE(guest->alive(Guest::PATIENCE));
}

}  // namespace
}  // namespace defib::hook_test
