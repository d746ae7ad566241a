// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib remote` beside a guest that `defib run --serve` guards; and a remote that floods it while
// the guest needs help.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "boot/remote/authentic.h"
#include "boot/remote/one_sided.h"
#include "engine/abi/remote.h"
#include "tests/faults/inject.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"
#include "tests/recover/defib_run.h"

namespace defib::remote {
namespace {

using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;
using recover::DefibRun;
using recover::Event;

std::string key_file(const std::string& name, char fill) {
    const std::string file = "/tmp/defib-" + name + "-" + std::to_string(getpid());
    std::ofstream(file) << std::string(32, fill);
    chmod(file.c_str(), 0600);
    return file;
}

// Gone with the test.
struct File {
    std::string name;
    ~File() {
        std::error_code none;
        std::filesystem::remove(name, none);
    }
};

std::unique_ptr<DefibRun> serve(Guest& guest, std::vector<std::string> more) {
    auto run = DefibRun::start(DEFIB_PROGRAM, guest.ram_file(), std::move(more));
    EXPECT_TRUE(ok(run));
    if (!run) return nullptr;
    EXPECT_TRUE(
        (*run)->wait_for([](const Event& event) { return event.is("started"); }, Guest::PATIENCE))
        << (*run)->to_text();
    return std::move(*run);
}

Result<std::string> ask(const std::string& where, std::vector<std::string> words) {
    std::vector<std::string> argv = {DEFIB_PROGRAM, "remote", "--to", where};
    argv.insert(argv.end(), words.begin(), words.end());
    return lab::run_host_program(argv);
}

struct Remote : testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Ways, Remote, testing::Values("tcp", "shm"));

TEST_P(Remote, SeesEverythingAndActsOnlyWithTheKey) {
    const std::string number = std::to_string(getpid());
    const std::string where = GetParam() == std::string("tcp")
                                  ? "127.0.0.1:" + std::to_string(20000 + getpid() % 20000)
                                  : "shm:/dev/shm/defib-remote-test-" + number;
    const File mailbox{where.substr(4)};  // should the guard have to be killed
    const File key{key_file("right", 'k')};
    const File wrong{key_file("wrong", 'w')};
    GuestUnderTest guest({.kernel = "6.12"});
    ASSERT_TRUE(guest.is_up());
    const auto asleep = guest->start({"sleep", "100000"});
    ASSERT_TRUE(ok(asleep));
    const auto run = serve(*guest, {"--serve", where, "--serve-key", key.name});
    ASSERT_TRUE(run);

    const auto processes = ask(where, {"ps"});
    ASSERT_TRUE(ok(processes)) << run->to_text();
    EXPECT_TRUE(processes->contains(" sleep "));
    EXPECT_TRUE(processes->contains(" kthreadd "));
    for (const auto& [what, text] : {std::pair{"stat", "pressure  memory full"},
                                     {"log", "Run /agent as init process"},
                                     {"locks", "CPU"},
                                     {"heartbeat", "alive: the engine turned "}}) {
        const auto seen = ask(where, {what});
        ASSERT_TRUE(ok(seen)) << what;
        EXPECT_TRUE(seen->contains(text)) << what << ": " << *seen;
    }
    const auto json = ask(where, {"stat", "--json"});
    ASSERT_TRUE(ok(json));
    EXPECT_EQ(nlohmann::json::parse(*json, nullptr, false)["cpus"].size(), 2U);

    const std::vector<std::string> act = {"act", "signal", std::to_string(*asleep), "signal=KILL",
                                          "--key"};
    const auto with = [&](const File& file) {
        auto words = act;
        words.push_back(file.name);
        return ask(where, words);
    };
    const auto forged = with(wrong);
    ASSERT_FALSE(forged.has_value());
    EXPECT_TRUE(to_line(forged.error()).contains("operator's key")) << to_line(forged.error());
    const auto state = guest->state_of(*asleep);
    ASSERT_TRUE(ok(state));
    EXPECT_FALSE(state->status.has_value()) << "nothing was done";
    // A plan writes nothing, and needs the key as well.
    auto dry = act;
    dry.push_back(key.name);
    dry.emplace_back("--dry-run");
    const auto plan = ask(where, dry);
    ASSERT_TRUE(ok(plan));
    EXPECT_TRUE(plan->contains("would store")) << *plan;
    dry.emplace_back("--json");
    const auto for_programs = ask(where, dry);
    ASSERT_TRUE(ok(for_programs));
    const auto shown = nlohmann::json::parse(*for_programs, nullptr, false);
    EXPECT_EQ(shown["dry_run"], true) << *for_programs;
    EXPECT_EQ(shown["arguments"]["pid"], *asleep) << *for_programs;
    EXPECT_FALSE(guest->state_of(*asleep)->status.has_value()) << "nothing was done";

    const auto done = with(key);
    ASSERT_TRUE(ok(done));
    EXPECT_TRUE(done->contains("done: the effect is there")) << *done;
    const auto ended = guest->wait_for_exit(*asleep);
    ASSERT_TRUE(ok(ended));
    EXPECT_EQ(ended->status, 128 + 9);
    for (const char* now : {"--json", "--now"}) {
        const auto findings = ask(where, {"findings", "--json", now});
        ASSERT_TRUE(ok(findings)) << now;
        const auto json_of_all = nlohmann::json::parse(*findings, nullptr, false);
        EXPECT_EQ(json_of_all["open"].size(), 0U) << *findings;
        EXPECT_EQ(json_of_all["entries"][0]["event"], "started") << *findings;
    }
    const auto closed = ask(where, {"dump", "-o", "/tmp/defib-not-made", "--key", key.name});
    ASSERT_FALSE(closed.has_value());
    EXPECT_TRUE(to_line(closed.error()).contains("--serve-memory")) << to_line(closed.error());
    EXPECT_FALSE(std::filesystem::exists("/tmp/defib-not-made.unfinished"));
    EXPECT_EQ(run->stop(Guest::PATIENCE), 0) << run->to_text();
    if (where.starts_with("shm:")) EXPECT_FALSE(std::filesystem::exists(where.substr(4)));
}

// New numbers into every slot, without a pause: every kind there is and one that is none, with a
// good check and without.
void flood(boot::remote::OneSided& memory, const std::atomic<bool>& is_over) {
    for (uint64_t number = 1; !is_over; number++) {
        DefibRemoteRequest request{};
        request.number = number;
        request.kind = 1 + number % 12;
        const DefibRemoteMemory wanted{.address = 0x100000, .pages = 256, .level = 0};
        std::memcpy(request.data, &wanted, sizeof wanted);
        request.size = request.kind == DEFIB_REMOTE_JOURNAL ? 8 : sizeof wanted;
        if (number / 12 % 2 == 0) request.check = boot::remote::check_of(request);
        const uint64_t at = offsetof(DefibRemoteMailbox, slots) +
                            number % DEFIB_REMOTE_SLOTS * sizeof(DefibRemoteSlot);
        const auto* bytes = reinterpret_cast<const uint8_t*>(&request);
        if (!memory.write(at, {bytes, sizeof request})) return;
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
}

TEST(RemoteFlood, ADeadlockIsFoundAndEndedAllTheSame) {
    const auto& fault = *faults::find("f1a");
    GuestUnderTest guest(faults::guest_for(fault, "6.12"));
    ASSERT_TRUE(guest.is_up());
    const std::string where = "shm:/dev/shm/defib-remote-flood-" + std::to_string(getpid());
    const File mailbox{where.substr(4)};
    const auto run = serve(*guest, {"--serve", where, "--serve-memory"});
    ASSERT_TRUE(run);
    const auto memory = boot::remote::connect_to(where);
    ASSERT_TRUE(ok(memory));
    std::atomic<bool> is_over = false;
    std::thread hostile([&] { flood(**memory, is_over); });
    const auto injection = faults::inject(*guest, fault);
    const bool is_ended = run->wait_for(
        [](const Event& event) { return event.is("over") && event.json["values"][2] != 0; },
        2 * Guest::PATIENCE);
    is_over = true;
    hostile.join();
    EXPECT_TRUE(ok(injection));
    EXPECT_TRUE(is_ended) << run->to_text();
    DefibRemoteHead head{};
    ASSERT_TRUE(ok((*memory)->read(0, {reinterpret_cast<uint8_t*>(&head), sizeof head})));
    EXPECT_GT(head.answered[DEFIB_REMOTE_MALFORMED], 10U) << "it was a flood";
    EXPECT_GT(head.answered[DEFIB_REMOTE_DONE], 10U) << "with work in it";
    EXPECT_GT(head.answered[DEFIB_REMOTE_NOT_ALLOWED], 0U);
    EXPECT_EQ(run->stop(Guest::PATIENCE), 0) << run->to_text();
}

}  // namespace
}  // namespace defib::remote
