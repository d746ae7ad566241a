// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib restart --criu`: what it writes of a core, CRIU itself restores, in the guest whose
// process it was.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <signal.h>

#include <filesystem>

#include "tests/faults/with_libraries.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"
#include "tests/look/guest_says.h"
#include "tests/salvage/folder.h"

namespace defib::salvage {
namespace {

namespace fs = std::filesystem;
using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

constexpr const char* CRIU = "/usr/sbin/criu";
// CRIU asks for sockets by these, whatever it restores, and for firewalls.
const std::vector<std::string> MODULES = {"crc32c_generic", "unix_diag", "tcp_diag", "udp_diag",
                                          "nf_tables"};

Result<void> wait_for(Guest& guest, const std::string& path,
                      const std::function<bool(const std::string&)>& holds) {
    return guest.wait_for(
        path,
        [&] {
            const auto now = guest.read_file(path);
            return now && holds(*now);
        },
        std::chrono::minutes(3));
}

std::string result_in(const std::string& said) {
    const size_t at = said.find("result ");
    return at == std::string::npos ? said : said.substr(at);
}
bool has_result(const std::string& said) {
    return said.contains("result ");
}

Result<void> push_folder(Guest& guest, const fs::path& folder, const std::string& there) {
    if (auto made = guest.run({"mkdir", there}); !made) return std::unexpected(made.error());
    for (const auto& one : fs::directory_iterator(folder)) {
        const std::string name = one.path().filename().string();
        if (auto done = guest.push_file(one.path(), there + "/" + name, 0600); !done) return done;
    }
    return {};
}

// What it computes is said in a file: a pipe to somebody else would not be restored.
Result<pid_t> start_computation(Guest& guest) {
    return guest.start(
        {"sh", "-c", "exec /tmp/defib-computation /tmp 500 > /tmp/said 2>&1 < /dev/null"});
}

struct Criu : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Criu, ::testing::Values("6.1", "6.12"), [](const auto& test) {
    return std::string(test.param) == "6.1" ? "linux_6_1" : "linux_6_12";
});

TEST_P(Criu, RestoresAComputationOfSeveralThreads) {
    const Folder folder("criu");
    GuestUnderTest guest({.kernel = GetParam(), .modules = MODULES});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(faults::push_with_libraries(*guest, CRIU)));
    ASSERT_TRUE(ok(guest->push_file(COMPUTATION_PROGRAM, "/tmp/defib-computation")));
    ASSERT_TRUE(ok(guest->run({"sh", "-c", "ifconfig lo up && touch /tmp/go"})));
    ASSERT_TRUE(ok(start_computation(*guest)));
    ASSERT_TRUE(ok(wait_for(*guest, "/tmp/said", has_result)));
    const std::string expected = result_in(guest->read_file("/tmp/said").value_or(""));

    ASSERT_TRUE(ok(guest->run({"sh", "-c", "rm /tmp/go /tmp/log*"})));
    const auto pid = start_computation(*guest);
    ASSERT_TRUE(ok(pid));
    // All stand still: what they share in a mapped file nobody would put back there.
    for (int i = 0; i < 4; i++)
        ASSERT_TRUE(ok(wait_for(*guest, fmt::format("/tmp/log{}", i),
                                [](const auto& log) { return log.contains("\n490 "); })));
    const std::string core = folder / "core";
    ASSERT_TRUE(ok(look::defib(*guest, {"checkpoint", std::to_string(*pid), "-o", core})));
    ASSERT_TRUE(ok(guest->signal(*pid, SIGKILL)));
    ASSERT_TRUE(ok(guest->wait_for_exit(*pid)));

    const std::string images = folder / "images";
    EXPECT_FALSE(lab::run_host_program({DEFIB_PROGRAM, "restart", core, "--criu", images}));
    EXPECT_FALSE(fs::exists(images)) << "files that have changed were not allowed";
    ASSERT_TRUE(ok(lab::run_host_program(
        {DEFIB_PROGRAM, "restart", core, "--criu", images, "--allow", "changed-files"})));
    ASSERT_TRUE(ok(push_folder(*guest, images, "/tmp/images")));
    const auto restored =
        guest->run({CRIU, "restore", "-D", "/tmp/images", "-d", "-v4"}, std::chrono::minutes(2));
    ASSERT_TRUE(ok(restored));
    ASSERT_EQ(restored->status, 0) << restored->err.substr(
        restored->err.size() - std::min<size_t>(restored->err.size(), 4000));
    const auto status = guest->read_file(fmt::format("/proc/{}/status", *pid));
    ASSERT_TRUE(ok(status));
    EXPECT_TRUE(status->contains("Name:\tdefib-computati")) << *status;
    EXPECT_TRUE(status->contains("Threads:\t5\n")) << *status;
    ASSERT_TRUE(ok(guest->run({"touch", "/tmp/go"})));
    ASSERT_TRUE(ok(wait_for(*guest, "/tmp/said", has_result)));
    EXPECT_EQ(result_in(guest->read_file("/tmp/said").value_or("")), expected);
}

}  // namespace
}  // namespace defib::salvage
