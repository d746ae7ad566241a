// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What `defib run` must not touch: a kernel that its layout is not of, lists that lead nowhere, a
// machine that is switched off under it; and policies that ask for what cannot be. It says so in
// one line, with the right exit status, and writes nothing: the guest stands still meanwhile, so
// that each byte which somebody else writes shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "boot/commands/look.h"
#include "boot/find/kernel_memory.h"
#include "engine/base/file.h"
#include "tests/faults/inject.h"
#include "tests/lab/under_test.h"
#include "tests/recover/defib_run.h"
#include "tests/recover/innocents.h"

namespace defib::recover {
namespace {

namespace fs = std::filesystem;
using lab::GuestUnderTest;
using lab::ok;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds START{60'000};
constexpr milliseconds PATIENCE{120'000};
constexpr milliseconds END{30'000};

uint64_t digest_of(const fs::path& file) {
    const auto mapped = MappedFile::open(file);
    EXPECT_TRUE(ok(mapped));
    uint64_t digest = 14695981039346656037U;
    if (!mapped) return digest;
    for (const std::byte byte : mapped->bytes()) {
        digest = (digest ^ static_cast<uint64_t>(byte)) * 1099511628211U;
    }
    return digest;
}

// A file of ours with that text replaced, which must be there.
fs::path changed(const fs::path& file, const std::string& from, const std::string& to) {
    const auto original = MappedFile::open(file);
    EXPECT_TRUE(ok(original));
    std::string text(original ? as_text(original->bytes()) : "");
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) text.replace(at, from.size(), to);
    const fs::path copy =
        fs::path(::testing::TempDir()) / ("changed." + std::to_string(getpid()) + ".json");
    EXPECT_TRUE(ok(write_atomically(copy, text)));
    return copy;
}

class StandsStill {
  public:
    explicit StandsStill(lab::Guest& guest) : guest_(guest) {
        EXPECT_TRUE(ok(guest.qmp("stop")));
        before_ = digest_of(guest.ram_file());
    }
    StandsStill(const StandsStill&) = delete;
    StandsStill& operator=(const StandsStill&) = delete;
    ~StandsStill() {
        EXPECT_EQ(digest_of(guest_.ram_file()), before_) << "something was written";
        EXPECT_TRUE(ok(guest_.qmp("cont")));
    }

    void is_refused(std::vector<std::string> words, int status, const char* why) {
        const auto run = DefibRun::start(DEFIB_PROGRAM, guest_.ram_file(), std::move(words));
        ASSERT_TRUE(ok(run));
        EXPECT_EQ((*run)->wait_for_end(PATIENCE), status);
        EXPECT_THAT((*run)->errors(), HasSubstr(why));
        EXPECT_TRUE((*run)->events().empty()) << (*run)->to_text();
    }

  private:
    lab::Guest& guest_;
    uint64_t before_ = 0;
};

TEST(Refuse, WhatIsNotThisKernelsAndWhatCannotBe) {
    GuestUnderTest guest({.kernel = "6.12", .ram_megabytes = 256});
    ASSERT_TRUE(guest.is_up());
    const fs::path layouts = DEFIB_SHIPPED_LAYOUTS;
    const fs::path own = layouts / (guest->kernel().release + ".json");
    StandsStill still(*guest);
    for (const auto& entry : fs::directory_iterator(layouts)) {
        if (entry.path() == own) continue;
        SCOPED_TRACE(entry.path());
        still.is_refused({"--layout", entry.path()}, 3, "layout of");
    }
    // Of the same name: with other types, and of another build.
    const auto layout = MappedFile::open(own);
    ASSERT_TRUE(ok(layout));
    const std::string digest = "\"btf_digest\":\"sha256:";
    const size_t at = as_text(layout->bytes()).find(digest);
    ASSERT_NE(at, std::string_view::npos);
    const char first = as_text(layout->bytes())[at + digest.size()];
    const fs::path stale = changed(own, digest + first, digest + (first == '0' ? '1' : '0'));
    still.is_refused({"--layout", stale}, 3, "its type information has another digest");
    const fs::path other_build = changed(own, "(debian-kernel@", "(debian-kernels@");
    still.is_refused({"--layout", other_build}, 3, "the kernel says");
    const fs::path policy = DEFIB_DEFAULT_POLICY;
    still.is_refused({"--policy", changed(policy, "\"unlock\"", "\"unloc\"")}, 3, "unloc");
    still.is_refused(
        {"--policy", changed(policy, "\"choose\": \"fastest\"", "\"choose\": \"none\"")}, 3,
        "task is the victim's, and the rule chooses none");
    still.is_refused({"--policy", "/nowhere"}, 4, "/nowhere");
    fs::remove(stale);
}

// A policy under which the largest process of any machine is killed, as soon as it is found.
fs::path hasty_policy() {
    const fs::path once =
        changed(DEFIB_DEFAULT_POLICY, "\"low_percent\": 5, \"swap_low_percent\": 10",
                "\"low_percent\": 99, \"swap_low_percent\": 99");
    return changed(once, "\"choose\": \"fastest\", \"least_weight\": 16384",
                   "\"choose\": \"fastest\", \"least_weight\": 0");
}

TEST(Refuse, ToActOnAListThatLeadsNowhere) {
    GuestUnderTest guest({.kernel = "6.1", .ram_megabytes = 256});
    ASSERT_TRUE(guest.is_up());
    const auto innocents = start_innocents(*guest);
    ASSERT_TRUE(ok(innocents));
    boot::LookArguments look;
    look.target = "vm:" + guest->ram_file().string();
    const auto session = boot::open_session(look, boot::Access::act);
    ASSERT_TRUE(ok(session));
    boot::KernelMemory memory((*session)->kernel().window, (*session)->kernel().map);
    const auto member = [&](const char* structure, const char* name) -> uint64_t {
        for (const auto& one : (*session)->layout().structs.at(structure).members) {
            if (one.name == name) return one.offset;
        }
        ADD_FAILURE() << structure << "." << name;
        return 0;
    };
    const uint64_t processes =
        boot::address_of((*session)->kernel(), (*session)->layout().symbols.at("init_pid_ns")) +
        member("pid_namespace", "idr") + member("idr", "idr_rt") + member("xarray", "xa_head");
    ASSERT_TRUE(ok(guest->qmp("stop")));
    const Bytes place = memory.piece(processes, 8);
    ASSERT_EQ(place.size(), 8U);
    auto* root = const_cast<volatile uint64_t*>(reinterpret_cast<const uint64_t*>(place.data()));
    const uint64_t sound = *root;
    const fs::path policy = hasty_policy();
    for (const uint64_t garbage : {uint64_t{0x4141414141414142}, uint64_t{0xffffffffffffff02},
                                   sound + 4096, processes | 2}) {
        SCOPED_TRACE(garbage);
        *root = garbage;
        const uint64_t before = digest_of(guest->ram_file());
        const auto run =
            DefibRun::start(DEFIB_PROGRAM, guest->ram_file(), {"--policy", policy.string()});
        ASSERT_TRUE(ok(run));
        EXPECT_TRUE((*run)->wait_for(
            [](const Event& event) { return event.is("detector_died") || event.is("finding"); },
            START))
            << (*run)->to_text();
        // A few periods more of the detector that looks for the largest.
        std::this_thread::sleep_for(milliseconds(500));
        EXPECT_EQ((*run)->stop(END), 0);
        EXPECT_EQ(digest_of(guest->ram_file()), before) << (*run)->to_text();
        for (const Event& event : (*run)->events()) EXPECT_FALSE(event.is("stored"));
    }
    *root = sound;
    fs::remove(policy);
    ASSERT_TRUE(ok(guest->qmp("cont")));
    EXPECT_TRUE(serves(*guest, START));
    EXPECT_EQ(count_lost(*guest, *innocents), 0U);
}

TEST(TheTarget, MayBeSwitchedOffInTheMiddleOfARepair) {
    const auto& fault = *faults::find("fork_bomb");
    std::optional<GuestUnderTest> guest;
    guest.emplace(faults::guest_for(fault, "6.12"));
    ASSERT_TRUE(guest->is_up());
    const auto run = DefibRun::start(DEFIB_PROGRAM, (*guest)->ram_file());
    ASSERT_TRUE(ok(run));
    ASSERT_TRUE((*run)->wait_for([](const Event& event) { return event.is("started"); }, START));
    ASSERT_TRUE(ok(faults::inject(**guest, fault)));
    ASSERT_TRUE((*run)->wait_for([](const Event& event) { return event.is("step"); }, PATIENCE))
        << (*run)->to_text();
    guest.reset();
    EXPECT_EQ((*run)->wait_for_end(END), 4) << (*run)->to_text();
    EXPECT_THAT((*run)->errors(), HasSubstr("powered off"));
}

}  // namespace
}  // namespace defib::recover
