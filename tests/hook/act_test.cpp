// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib act` and the policy go by the hook where it is in the guest, and by memory where it is
// not; what they say of it, and what the guest says. The module comes and goes while they run.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/base/file.h"
#include "tests/hook/each_kernel.h"
#include "tests/hook/hooked_guest.h"
#include "tests/lab/host_program.h"
#include "tests/recover/defib_run.h"
#include "tests/repairs/ward.h"

namespace defib::hook_test {
namespace {

using namespace std::chrono_literals;
using lab::ok;
using recover::DefibRun;
using recover::Event;
using repairs::Ward;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, ::testing::Values("6.1", "6.12"), name_of_kernel);

constexpr auto PATIENCE = 120s;

// Both streams, with "[status]" in front.
std::string act(Ward& ward, const std::string& words) {
    const auto said = lab::run_host_program(
        {"sh", "-c",
         fmt::format("out=$({} act {} --target vm:{} 2>&1); echo \"[$?]\"; echo \"$out\"",
                     DEFIB_PROGRAM, words, ward.guest().ram_file().string())});
    EXPECT_TRUE(ok(said));
    return said.value_or("");
}

void load_hook(lab::Guest& guest) {
    const auto module = hook_module(guest.kernel());
    ASSERT_TRUE(ok(module));
    ASSERT_TRUE(ok(guest.load_module(*module)));
}

// Its memory went back to the kernel: nobody was attached that should not be.
void unload_hook(lab::Guest& guest) {
    ASSERT_TRUE(ok(unload(guest)));
    const auto log = guest.run({"dmesg"});
    ASSERT_TRUE(ok(log));
    EXPECT_THAT(log->out, Not(HasSubstr("an engine is still attached")));
}

std::string cpus_of(Ward& ward, pid_t pid) {
    const std::string status = ward.file(fmt::format("/proc/{}/status", pid));
    const size_t at = status.find("Cpus_allowed_list:\t");
    return at == std::string::npos ? "" : status.substr(at + 19, status.find('\n', at) - at - 19);
}

void expect_acts_by_memory(Ward& ward) {
    const pid_t pid = ward.start({"sleep", "100000"});
    ASSERT_TRUE(ward.becomes(pid, 'S'));
    EXPECT_THAT(act(ward, fmt::format("wake {} --dry-run", pid)),
                AllOf(StartsWith("[0]"), HasSubstr("wake: by memory: no hook there"),
                      HasSubstr("would store")));
    EXPECT_THAT(act(ward, fmt::format("wake {}", pid)),
                AllOf(StartsWith("[0]"), HasSubstr("wake: by memory: no hook there"),
                      HasSubstr("done: the effect is there")));
    // Memory alone moves only what is stopped.
    EXPECT_THAT(act(ward, fmt::format("set_affinity {} cpus=2", pid)),
                AllOf(StartsWith("[1]"), HasSubstr("it has to be stopped first")));
    EXPECT_THAT(act(ward, fmt::format("signal {} signal=TERM", pid)),
                AllOf(StartsWith("[0]"), HasSubstr("wake_signalled: by memory: no hook there")));
    EXPECT_TRUE(ward.ends_by(pid, SIGTERM));
}

void expect_acts_by_hook(Ward& ward) {
    const pid_t pid = ward.start({"sleep", "100000"});
    ASSERT_TRUE(ward.becomes(pid, 'S'));
    EXPECT_THAT(act(ward, fmt::format("wake {} --dry-run", pid)),
                AllOf(StartsWith("[0]"), HasSubstr("would ask the hook"),
                      HasSubstr("wake: by the hook: wake a task"), Not(HasSubstr("store"))));
    EXPECT_THAT(act(ward, fmt::format("wake {}", pid)),
                AllOf(StartsWith("[0]"), HasSubstr("wake: by the hook: wake a task"),
                      HasSubstr("done: the effect is there"), Not(HasSubstr("scratch"))));
    EXPECT_THAT(act(ward, fmt::format("set_affinity {} cpus=2", pid)),
                AllOf(StartsWith("[0]"), HasSubstr("by the hook: set a task's CPUs")));
    EXPECT_EQ(cpus_of(ward, pid), "1");
    const std::string said = act(ward, fmt::format("signal {} signal=TERM --json", pid));
    ASSERT_THAT(said, StartsWith("[0]"));
    const auto json = nlohmann::json::parse(said.substr(4), nullptr, false);
    ASSERT_TRUE(json.is_object()) << said;
    ASSERT_FALSE(json["ways"].empty()) << said;
    for (const auto& way : json["ways"]) {
        EXPECT_EQ(way["routine"], "wake_signalled");
        EXPECT_EQ(way["by_hook"], true) << said;
    }
    EXPECT_TRUE(ward.ends_by(pid, SIGTERM));
    EXPECT_THAT(act(ward, "wake 2"),
                AllOf(StartsWith("[1]"), HasSubstr("it is a thread of the kernel's own")));
}

// The wake-up of a reader that sleeps though its condition is true, as the reader sees it.
void expect_wakes_the_lost(Ward& ward, const char* way) {
    const auto lost = faults::inject(ward.guest(), "lost_wakeup");
    ASSERT_TRUE(ok(lost));
    EXPECT_TRUE(ok(ward.guest().wait_for(
        "the sleeper to go on",
        [&] {
            const auto pids = ward.guest().run({"pidof", "v-read"});
            if (pids && !pids->out.empty()) {
                const std::string said =
                    act(ward, "wake " + pids->out.substr(0, pids->out.find_first_of(" \n")));
                if (said.starts_with("[0]")) EXPECT_THAT(said, HasSubstr(way));
            }
            const auto reader = ward.guest().state_of(lost->programs[0]);
            return reader && reader->out.contains("read a byte");
        },
        PATIENCE)));
    EXPECT_TRUE(ok(faults::kill_programs(ward.guest(), *lost)));
}

TEST_P(EachKernel, ActGoesByTheHookWhereItIs) {
    Ward ward({.kernel = GetParam()});
    ASSERT_TRUE(ward.is_open());
    expect_acts_by_memory(ward);
    load_hook(ward.guest());
    expect_acts_by_hook(ward);
    expect_wakes_the_lost(ward, "by the hook");
    unload_hook(ward.guest());
    expect_acts_by_memory(ward);
    // Another load is another ring.
    load_hook(ward.guest());
    expect_acts_by_hook(ward);
    ward.expect_healthy();
}

// The policy that comes along, impatient: a waiter that nobody woke is found after two seconds.
std::filesystem::path impatient_policy() {
    const auto text = MappedFile::open(DEFIB_DEFAULT_POLICY);
    EXPECT_TRUE(ok(text));
    std::string changed(as_text(text->bytes()));
    const std::string from = "{\"window_ms\": 30000}";
    const size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos);
    changed.replace(at, from.size(), "{\"window_ms\": 2000}");
    std::string name = "/tmp/defib-policy-XXXXXX";
    const int fd = mkstemp(name.data());
    EXPECT_GE(fd, 0);
    close(fd);
    std::ofstream(name) << changed;
    return name;
}

struct Guarded {
    std::unique_ptr<DefibRun> run;

    size_t events() const { return run->events().size(); }
    // From the event of that number on.
    bool says(size_t from, const std::function<bool(const Event&)>& is_wanted) const {
        size_t seen = 0;
        return run->wait_for([&](const Event& event) { return seen++ >= from && is_wanted(event); },
                             PATIENCE);
    }
};

bool is_way(const Event& event, const char* kind, const char* text) {
    return event.is(kind) && event.text("routine") == "wake" &&
           event.text("text").find(text) != std::string::npos;
}

void expect_a_wake(lab::Guest& guest, const Guarded& guarded,
                   const std::function<bool(const Event&)>& is_right_way) {
    const size_t from = guarded.events();
    const auto fault = faults::inject(guest, "mutex_forgotten");
    ASSERT_TRUE(ok(fault));
    EXPECT_TRUE(guarded.says(from, is_right_way)) << guarded.run->to_text();
    EXPECT_TRUE(guarded.says(from, [](const Event& event) { return event.is("over"); }))
        << guarded.run->to_text();
    EXPECT_TRUE(ok(faults::kill_programs(guest, *fault)));
}

TEST_P(EachKernel, ThePolicyGoesByTheHookWhileItIsThere) {
    lab::GuestUnderTest guest(faults::guest_for(*faults::find("mutex_forgotten"), GetParam()));
    ASSERT_TRUE(guest.is_up());
    load_hook(*guest);
    const auto policy = impatient_policy();
    auto run = DefibRun::start(DEFIB_PROGRAM, guest->ram_file(), {"--policy", policy.string()});
    ASSERT_TRUE(ok(run));
    const Guarded guarded{std::move(*run)};
    ASSERT_TRUE(guarded.says(0, [](const Event& event) {
        return event.is("hook") && event.number("subject") == 0;
    })) << guarded.run->to_text();
    const auto by_hook = [](const Event& event) {
        return is_way(event, "asked", "wake by the hook: wake a task");
    };
    expect_a_wake(*guest, guarded, by_hook);
    unload_hook(*guest);
    expect_a_wake(*guest, guarded, [](const Event& event) {
        return is_way(event, "by_memory", "the hook has left");
    });
    const size_t before = guarded.events();
    load_hook(*guest);
    ASSERT_TRUE(guarded.says(before, [](const Event& event) {
        return event.is("hook") && event.number("subject") == 0;
    })) << guarded.run->to_text();
    expect_a_wake(*guest, guarded, by_hook);
    EXPECT_EQ(guarded.run->stop(PATIENCE), 0) << guarded.run->to_text();
    unload_hook(*guest);
    std::filesystem::remove(policy);
}

// The repairs of a CPU's state: what the policy that comes along does about these, by the hook.
TEST_P(EachKernel, ThePolicyFreesCpusByTheHook) {
    for (const auto& [fault, routine] :
         {std::pair{"f1a", "unlock"}, {"need_resched", "clear_need_resched"}}) {
        SCOPED_TRACE(fault);
        lab::GuestUnderTest guest(faults::guest_for(*faults::find(fault), GetParam()));
        ASSERT_TRUE(guest.is_up());
        load_hook(*guest);
        auto run = DefibRun::start(DEFIB_PROGRAM, guest->ram_file());
        ASSERT_TRUE(ok(run));
        const Guarded guarded{std::move(*run)};
        ASSERT_TRUE(guarded.says(0, [](const Event& event) { return event.is("hook"); }));
        ASSERT_TRUE(ok(faults::inject(*guest, fault)));
        EXPECT_TRUE(guarded.says(0, [&](const Event& event) {
            return event.is("answered") && event.text("routine") == routine &&
                   event.text("text").find(": done") != std::string::npos;
        })) << guarded.run->to_text();
        EXPECT_TRUE(guarded.says(0, [](const Event& event) { return event.is("over"); }))
            << guarded.run->to_text();
        EXPECT_TRUE(guest->alive(PATIENCE));
        EXPECT_EQ(guarded.run->stop(PATIENCE), 0) << guarded.run->to_text();
    }
}

}  // namespace
}  // namespace defib::hook_test
