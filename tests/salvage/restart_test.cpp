// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib restart`: a process of a real guest is taken as a core, killed, and goes on from there: in
// that guest, and on this machine, whose kernel is another.
#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"
#include "tests/look/guest_says.h"
#include "tests/salvage/folder.h"
#include "tests/salvage/restarting.h"

namespace defib::salvage {
namespace {

namespace fs = std::filesystem;
using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

constexpr const char* ROUNDS = "2000";

Result<pid_t> start(Guest& guest, const std::string& program, const std::string& command) {
    if (auto pushed = guest.push_file(program, "/tmp/" + fs::path(program).filename().string());
        !pushed)
        return std::unexpected(pushed.error());
    return guest.start({"sh", "-c", "exec " + command});
}

Result<void> wait_for_word(Guest& guest, pid_t pid, const std::string& word) {
    return guest.wait_for(
        word,
        [&] {
            const auto state = guest.state_of(pid);
            return state && state->out.contains(word);
        },
        Guest::PATIENCE);
}

Result<std::string> checkpoint(const Guest& guest, pid_t pid, const std::string& core) {
    return look::defib(guest, {"checkpoint", std::to_string(pid), "-o", core});
}

Result<void> kill(Guest& guest, pid_t pid) {
    if (auto killed = guest.signal(pid, SIGKILL); !killed) return killed;
    if (auto ended = guest.wait_for_exit(pid); !ended) return std::unexpected(ended.error());
    return {};
}

// What restarts it has said so, or has ended.
Result<void> wait_until_it_goes_on(Guest& guest, pid_t restart) {
    return guest.wait_for(
        "the process",
        [&] {
            const auto state = guest.state_of(restart);
            return state && (state->status || state->err.contains("goes on as"));
        },
        Guest::PATIENCE);
}

std::vector<uint64_t> numbers_in(const std::string& text) {
    std::vector<uint64_t> numbers;
    std::istringstream words(text);
    for (uint64_t one = 0; words >> one;) numbers.push_back(one);
    return numbers;
}

struct Restart : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Restart, ::testing::Values("6.1", "6.12"));

// What it prints goes into a file: killed, and begun again where the core was made, it writes the
// same once more and goes on, and no number is missing or there twice.
TEST_P(Restart, NumbersArePrintedOnFromWhereTheyWere) {
    const Folder folder("restart");
    GuestUnderTest guest({.kernel = GetParam()});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(bring_defib(*guest)));
    const auto pid = start(*guest, COUNTER_PROGRAM, "/tmp/defib-counter > /tmp/numbers");
    ASSERT_TRUE(ok(pid));
    ASSERT_TRUE(ok(wait_for_size(*guest, "/tmp/numbers", 100)));
    const std::string core = folder / "core";
    ASSERT_TRUE(ok(checkpoint(*guest, *pid, core)));
    const auto then = guest->read_file("/tmp/numbers");
    ASSERT_TRUE(ok(then));
    ASSERT_TRUE(ok(wait_for_size(*guest, "/tmp/numbers", then->size() + 100)));
    ASSERT_TRUE(ok(kill(*guest, *pid)));
    ASSERT_TRUE(ok(guest->push_file(core, "/tmp/core", 0600)));
    const auto before = guest->read_file("/tmp/numbers");
    ASSERT_TRUE(ok(before));

    const auto refused = guest->run(defib_there({"restart", "/tmp/core"}));
    ASSERT_TRUE(ok(refused));
    EXPECT_EQ(refused->status, 1) << refused->err;
    EXPECT_TRUE(refused->err.contains("--allow changed-files")) << refused->err;
    EXPECT_EQ(guest->read_file("/tmp/numbers").value_or(""), *before);

    const auto again =
        guest->start(defib_there({"restart", "/tmp/core", "--allow", "changed-files"}));
    ASSERT_TRUE(ok(again));
    const auto goes_on = wait_for_size(*guest, "/tmp/numbers", before->size() + 200);
    ASSERT_TRUE(ok(goes_on)) << guest->state_of(*again)->err;
    // It has its number again, and what its parent is told it is told.
    const auto name = guest->read_file("/proc/" + std::to_string(*pid) + "/comm");
    ASSERT_TRUE(ok(name));
    EXPECT_EQ(*name, "defib-counter\n");
    ASSERT_TRUE(ok(guest->signal(*again, SIGTERM)));
    const auto end = guest->wait_for_exit(*again);
    ASSERT_TRUE(ok(end));
    EXPECT_EQ(end->status, 128 + SIGTERM) << end->err;
    const auto all = guest->read_file("/tmp/numbers");
    ASSERT_TRUE(ok(all));
    const auto numbers = numbers_in(all->substr(0, all->rfind('\n') + 1));
    ASSERT_GT(numbers.size(), numbers_in(*before).size());
    for (size_t i = 0; i < numbers.size(); i++) ASSERT_EQ(numbers[i], i);
}

// On the CPU where it never was, in the end: the second.
TEST_P(Restart, AComputationOfSeveralThreadsHasTheSameResult) {
    const Folder folder("restart");
    GuestUnderTest guest({.kernel = GetParam(), .cpus = 2});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(bring_defib(*guest)));
    const std::string command = "taskset 1 /tmp/defib-computation /tmp " + std::string(ROUNDS);
    ASSERT_TRUE(ok(guest->run({"touch", "/tmp/go"})));
    const auto undisturbed = start(*guest, COMPUTATION_PROGRAM, command);
    ASSERT_TRUE(ok(undisturbed));
    const auto expected = guest->wait_for_exit(*undisturbed);
    ASSERT_TRUE(ok(expected));
    ASSERT_TRUE(expected->out.contains("result ")) << expected->out << expected->err;
    const std::string result = expected->out.substr(expected->out.find("result "));

    ASSERT_TRUE(ok(guest->run({"rm", "/tmp/go"})));
    const auto pid = guest->start({"sh", "-c", "exec " + command});
    ASSERT_TRUE(ok(pid));
    ASSERT_TRUE(ok(wait_for_word(*guest, *pid, "ready")));
    ASSERT_TRUE(ok(wait_for_size(*guest, "/tmp/log3", 200)));
    const std::string core = folder / "core";
    ASSERT_TRUE(ok(checkpoint(*guest, *pid, core)));
    ASSERT_TRUE(ok(kill(*guest, *pid)));
    ASSERT_TRUE(ok(guest->push_file(core, "/tmp/core", 0600)));
    auto restart = defib_there({"restart", "/tmp/core", "--allow", "changed-files"});
    restart.insert(restart.begin(), {"taskset", "2"});
    const auto again = guest->start(restart);
    ASSERT_TRUE(ok(again));
    ASSERT_TRUE(ok(wait_until_it_goes_on(*guest, *again)));
    const auto about = guest->read_file("/proc/" + std::to_string(*pid) + "/status");
    ASSERT_TRUE(ok(about));
    EXPECT_TRUE(about->contains("Cpus_allowed_list:\t1\n")) << *about;
    ASSERT_TRUE(ok(guest->run({"touch", "/tmp/go"})));
    const auto end = guest->wait_for_exit(*again, std::chrono::minutes(3));
    ASSERT_TRUE(ok(end));
    EXPECT_EQ(end->status, 0) << end->err;
    EXPECT_TRUE(end->out.contains(result)) << end->out << end->err << result;
}

// What the kernel says of it that has to be as it was, line by line.
std::string what_is_kept(Guest& guest, pid_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid);
    const auto said =
        guest.run({"sh", "-c",
                   "cat " + folder + "/maps; grep -E '^(Sig|Uid|Gid|Cap|Threads|Umask)' " + folder +
                       "/task/*/status; readlink " + folder + "/exe " + folder + "/cwd; head -3 " +
                       folder + "/fdinfo/3; for t in " + folder +
                       "/task/*; do echo $t; done; tr '\\0' ' ' < " + folder + "/cmdline"});
    EXPECT_TRUE(ok(said));
    return said ? said->out : "";
}

// All that the patient holds: heap, mappings, handlers, masks, vector registers, an offset.
TEST_P(Restart, AllThatItHeldIsAsItWas) {
    const Folder folder("restart");
    GuestUnderTest guest({.kernel = GetParam()});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(bring_defib(*guest)));
    const auto pid = start(*guest, PATIENT_PROGRAM, "env -i KNOWN=yes /tmp/defib-patient /tmp");
    ASSERT_TRUE(ok(pid));
    ASSERT_TRUE(ok(wait_for_word(*guest, *pid, "ready")));
    const std::string core = folder / "core";
    ASSERT_TRUE(ok(checkpoint(*guest, *pid, core)));
    const std::string before = what_is_kept(*guest, *pid);
    ASSERT_TRUE(ok(kill(*guest, *pid)));
    ASSERT_TRUE(ok(guest->push_file(core, "/tmp/core", 0600)));

    const auto looked = guest->run(defib_there({"restart", "/tmp/core", "--check"}));
    ASSERT_TRUE(ok(looked));
    EXPECT_EQ(looked->status, 1);
    EXPECT_TRUE(looked->err.contains("--allow pipes")) << looked->err;
    EXPECT_FALSE(looked->err.contains("--allow changed-files")) << looked->err;

    const auto again = guest->start(defib_there({"restart", "/tmp/core", "--allow", "pipes"}));
    ASSERT_TRUE(ok(again));
    for (int i = 0; i < 3; i++) {
        ASSERT_TRUE(ok(wait_until_it_goes_on(*guest, *again)));
        if (i == 0) EXPECT_EQ(what_is_kept(*guest, *pid), before);
        ASSERT_TRUE(ok(guest->signal(*again, SIGUSR1)));
        ASSERT_TRUE(ok(guest->wait_for(
            "its word",
            [&] {
                const auto state = guest->state_of(*again);
                return state && std::ranges::count(state->out, '\n') > i;
            },
            Guest::PATIENCE)));
    }
    const auto state = guest->state_of(*again);
    ASSERT_TRUE(ok(state));
    EXPECT_FALSE(state->out.contains("harmed:")) << state->out;
    ASSERT_TRUE(ok(guest->signal(*again, SIGTERM)));
    const auto end = guest->wait_for_exit(*again);
    ASSERT_TRUE(ok(end));
    EXPECT_EQ(end->status, 0) << end->err;

    // With the pipe's number taken there is no going on without being asked.
    const auto strict = guest->run(
        defib_there({"restart", "/tmp/core", "--allow", "pipes,changed-files", "--strict"}));
    ASSERT_TRUE(ok(strict));
    EXPECT_EQ(strict->status, 1);
    EXPECT_TRUE(strict->err.contains("--allow standard-files")) << strict->err;
}

std::set<std::string> kinds_in(const std::string& said, const std::string& weight) {
    std::set<std::string> kinds;
    for (const auto& one : nlohmann::json::parse(said, nullptr, false))
        if (one["weight"] == weight) kinds.insert(one["kind"]);
    return kinds;
}

void ask_whether_it_is_unharmed(Guest& guest, pid_t whom) {
    const auto before = guest.state_of(whom);
    ASSERT_TRUE(ok(before));
    ASSERT_TRUE(ok(guest.signal(whom, SIGUSR1)));
    ASSERT_TRUE(ok(guest.wait_for(
        "its word",
        [&] {
            const auto state = guest.state_of(whom);
            return state && state->out.size() > before->out.size();
        },
        Guest::PATIENCE)));
    const auto state = guest.state_of(whom);
    ASSERT_TRUE(ok(state));
    EXPECT_TRUE(state->out.ends_with("\nunharmed\n") || state->out == "unharmed\n") << state->out;
}

// One of each: what is given back the process finds itself, and all that is not is named, by kind.
TEST_P(Restart, OneOfEachIsGivenBackOrNamed) {
    const Folder folder("restart");
    GuestUnderTest guest({.kernel = GetParam()});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(bring_defib(*guest)));
    ASSERT_TRUE(ok(guest->run({"mkdir", "/tmp/held"})));
    const auto pid = start(*guest, HOLDER_PROGRAM, "/tmp/defib-holder /tmp/held");
    ASSERT_TRUE(ok(pid));
    ASSERT_TRUE(ok(wait_for_word(*guest, *pid, "ready")));
    ask_whether_it_is_unharmed(*guest, *pid);
    const std::string core = folder / "core";
    ASSERT_TRUE(ok(checkpoint(*guest, *pid, core)));
    ASSERT_TRUE(ok(kill(*guest, *pid)));
    ASSERT_TRUE(ok(guest->push_file(core, "/tmp/core", 0600)));

    const auto looked = guest->run(defib_there({"restart", "/tmp/core", "--check", "--json"}));
    ASSERT_TRUE(ok(looked));
    EXPECT_EQ(looked->status, 1);
    EXPECT_EQ(kinds_in(looked->out, "obstacle"),
              (std::set<std::string>{"missing-files", "other-files", "shared-memory", "sockets",
                                     "timers"}))
        << looked->out;
    EXPECT_EQ(kinds_in(looked->out, "never"), std::set<std::string>());
    EXPECT_TRUE(kinds_in(looked->out, "note").contains("signals")) << looked->out;

    const auto again = guest->start(
        defib_there({"restart", "/tmp/core", "--allow", "missing-files,other-files,shared-memory",
                     "--allow", "sockets,timers"}));
    ASSERT_TRUE(ok(again));
    ASSERT_TRUE(ok(wait_until_it_goes_on(*guest, *again)));
    for (int i = 0; i < 2; i++) ask_whether_it_is_unharmed(*guest, *again);
    const std::string files = "/proc/" + std::to_string(*pid) + "/fd";
    const auto there = guest->run({"ls", files});
    ASSERT_TRUE(ok(there));
    const auto numbers = numbers_in(there->out);
    EXPECT_EQ(std::set<uint64_t>(numbers.begin(), numbers.end()),
              (std::set<uint64_t>{0, 1, 2, 10, 11, 12, 13, 14, 15, 16, 200}));
    const auto status = guest->read_file("/proc/" + std::to_string(*pid) + "/status");
    ASSERT_TRUE(ok(status));
    EXPECT_TRUE(status->contains("Uid:\t1000\t1000\t1000\t1000\n")) << *status;
    EXPECT_TRUE(status->contains("VmLck:\t       4 kB\n")) << *status;
    // It is killed with its own number; whoever restarted it ends as it does.
    ASSERT_TRUE(ok(guest->signal(*pid, SIGKILL)));
    const auto end = guest->wait_for_exit(*again);
    ASSERT_TRUE(ok(end));
    EXPECT_EQ(end->status, 128 + SIGKILL) << end->err;
}

// Killed at any moment, it leaves nothing half-made.
TEST(RestartKilled, LeavesNoProcess) {
    const Folder folder("restart");
    GuestUnderTest guest({.kernel = "6.12"});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(bring_defib(*guest)));
    const auto pid = start(*guest, PATIENT_PROGRAM, "/tmp/defib-patient /tmp");
    ASSERT_TRUE(ok(pid));
    ASSERT_TRUE(ok(wait_for_word(*guest, *pid, "ready")));
    const std::string core = folder / "core";
    ASSERT_TRUE(ok(checkpoint(*guest, *pid, core)));
    ASSERT_TRUE(ok(kill(*guest, *pid)));
    ASSERT_TRUE(ok(guest->push_file(core, "/tmp/core", 0600)));
    const std::string its_folder = "/proc/" + std::to_string(*pid);
    for (int i = 0; i < 8; i++) {
        const auto again = guest->start(defib_there({"restart", "/tmp/core", "--allow", "pipes"}));
        ASSERT_TRUE(ok(again));
        // Its number is taken as soon as it is begun.
        while (guest->run({"test", "-e", its_folder})->status != 0) {
            const auto state = guest->state_of(*again);
            ASSERT_TRUE(state && !state->status) << state->err;
        }
        usleep(static_cast<useconds_t>(i) * 15'000);
        ASSERT_TRUE(ok(guest->signal(*again, SIGKILL)));
        ASSERT_TRUE(ok(guest->wait_for_exit(*again)));
        const auto is_whole = guest->state_of(*again)->err.contains("goes on as");
        if (is_whole) {
            ASSERT_TRUE(ok(guest->signal(*pid, SIGKILL)));
        }
        EXPECT_TRUE(ok(guest->wait_for(
            "its end", [&] { return guest->run({"test", "-e", its_folder})->status != 0; },
            Guest::PATIENCE)));
    }
}

// The other kernel has another page of code, and other files under the same names.
TEST(RestartElsewhere, GoesOnUnderAnotherKernel) {
    const Folder folder("restart");
    const std::string program = folder / "counter";
    const std::string numbers = folder / "numbers";
    const std::string core = folder / "core";
    fs::copy_file(COUNTER_PROGRAM, program);
    {
        GuestUnderTest guest({.kernel = "6.12"});
        ASSERT_TRUE(guest.is_up());
        ASSERT_TRUE(ok(guest->run({"mkdir", "-p", fs::path(program).parent_path()})));
        ASSERT_TRUE(ok(guest->push_file(program, program)));
        const auto pid = guest->start({"sh", "-c", "exec " + program + " > " + numbers});
        ASSERT_TRUE(ok(pid));
        ASSERT_TRUE(ok(wait_for_size(*guest, numbers, 100)));
        ASSERT_TRUE(ok(guest->signal(*pid, SIGSTOP)));
        ASSERT_TRUE(ok(guest->signal(*pid, SIGCONT)));
        ASSERT_TRUE(ok(checkpoint(*guest, *pid, core)));
        ASSERT_TRUE(ok(guest->signal(*pid, SIGSTOP)));
        const auto then = guest->read_file(numbers);
        ASSERT_TRUE(ok(then));
        std::ofstream(numbers) << *then;
    }
    const size_t size = fs::file_size(numbers);
    const std::string restart = std::string(DEFIB_PROGRAM) + " restart " + core +
                                " --allow changed-files,rights --detach < /dev/null 2> " +
                                (folder / "said");
    const auto pid = lab::run_host_program({"sh", "-c", restart});
    ASSERT_TRUE(ok(pid));
    const auto number = static_cast<pid_t>(std::stol(*pid));
    const auto deadline = std::chrono::steady_clock::now() + Guest::PATIENCE;
    while (fs::file_size(numbers) < size + 100 && ::kill(number, 0) == 0 &&
           std::chrono::steady_clock::now() < deadline)
        usleep(10'000);
    EXPECT_EQ(::kill(number, SIGKILL), 0) << "it has ended";
    std::ifstream file(numbers);
    const std::string all(std::istreambuf_iterator<char>(file), {});
    EXPECT_GE(all.size(), size + 100);
    const auto printed = numbers_in(all.substr(0, all.rfind('\n') + 1));
    for (size_t i = 0; i < printed.size(); i++) ASSERT_EQ(printed[i], i);
}

}  // namespace
}  // namespace defib::salvage
