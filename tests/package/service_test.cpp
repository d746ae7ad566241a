// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The packages under a real systemd: defib-boot as its service, in the sandbox that the unit file
// asks for, guards a guest. The guest's kernel is deadlocked, and repaired; what was said about it
// is in the system's journal, with its explanation.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "boot/appliance/event_log.h"
#include "boot/journal/reader.h"
#include "engine/abi/journal.h"
#include "signing/testing.h"
#include "tests/faults/inject.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): of the C library

namespace defib::boot {
namespace {

using lab::ok;
using std::chrono::milliseconds;

constexpr milliseconds REPAIR{120'000};  // TCG on a busy machine
constexpr milliseconds HEART{20'000};
constexpr milliseconds SERVICE{60'000};

// A tree that systemd is the first process of.
class Machine {
  public:
    explicit Machine(const std::filesystem::path& tree) {
        std::string program = DEFIB_PACKAGE_TESTS "/boot_service_tree";
        std::string argument = tree.string();
        char* argv[] = {program.data(), argument.data(), nullptr};
        EXPECT_EQ(posix_spawn(&holder_, argv[0], nullptr, nullptr, argv, environ), 0);
    }
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    ~Machine() {
        kill(holder_, SIGKILL);  // its first process goes with it, and all others with that
        waitpid(holder_, nullptr, 0);
    }

    // What a command says there; its standard error is among it, and its status at the end.
    std::string run(const std::string& command) const {
        const std::string script = command + " 2>&1; echo \"status $?\"";
        const auto said =
            lab::run_host_program({"nsenter", "-t", std::to_string(first()), "-m", "-u", "-i", "-p",
                                   "-C", "-r", "-w", "sh", "-c", script});
        return said ? *said : to_line(said.error());
    }
    bool is_done(const std::string& command) const { return run(command).ends_with("status 0\n"); }

    // 0: it has not come so far.
    pid_t first() const {
        const std::string id = std::to_string(holder_);
        std::ifstream file("/proc/" + id + "/task/" + id + "/children");
        pid_t child = 0;
        file >> child;
        return child;
    }

  private:
    pid_t holder_ = -1;
};

bool may_lower_oom_score() {
    std::ofstream file("/proc/self/oom_score_adj");
    file << "-1000" << std::flush;
    const bool may = file.good();
    file.clear();
    file << "0" << std::flush;
    return may;
}

class Service : public testing::Test {
  protected:
    static constexpr const char* OPTIONS = "etc/default/defib-boot";

    static void SetUpTestSuite() {
        if (geteuid() != 0) return;
        folder = std::make_unique<signing::testing::Folder>();
        const auto made = lab::run_host_program(
            {DEFIB_PACKAGE_TESTS "/make_service_tree", DEFIB_BUILD_FOLDER, tree().string()});
        why_not = made ? *made : to_line(made.error());
        EXPECT_TRUE(ok(made));
    }
    static void TearDownTestSuite() { folder.reset(); }
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "a tree is made by root";
        if (!std::filesystem::exists(tree())) GTEST_SKIP() << why_not;
    }

    static std::filesystem::path tree() { return *folder / "tree"; }

    static void guard(const std::string& target,
                      const std::string& image = "/usr/lib/defib/image") {
        std::ofstream options(tree() / OPTIONS);
        options << "DEFIB_BOOT_OPTIONS=\"--image " << image << " --target " << target
                << " --machine Any/Machine/Here"
                << (may_lower_oom_score() ? "" : " --keep-oom-score") << "\"\n";
    }

    static inline std::unique_ptr<signing::testing::Folder> folder;
    static inline std::string why_not;
};

size_t repairs_in(const std::filesystem::path& journal) {
    const auto file = MappedFile::open(journal);
    if (!file) return 0;
    const auto read = read_journal(file->bytes(), "journal");
    if (!read || read->sessions.empty()) return 0;
    const auto& entries = read->sessions.back().entries;
    return static_cast<size_t>(std::ranges::count_if(entries, [](const DefibJournalEntry& entry) {
        return entry.kind == DEFIB_JOURNAL_CLOSED && entry.values[2] != 0;
    }));
}

TEST_F(Service, RepairsAKernelFromInsideItsSandbox) {
    const auto& fault = *faults::find("f1a");
    lab::GuestUnderTest guest(faults::guest_for(fault, "6.12"));
    ASSERT_TRUE(guest.is_up());
    const Machine machine(tree());
    ASSERT_TRUE(ok(guest->wait_for(
        "systemd", [&] { return machine.is_done("systemctl is-system-running"); }, SERVICE)))
        << machine.run("systemctl --failed");

    // An image that nobody signed: no start, no second try, and the journal explains it.
    guard("vm:" + guest->ram_file().string(), "/usr/share/defib/image.unsigned");
    EXPECT_FALSE(machine.is_done("systemctl start defib-boot"));
    const std::string refused = machine.run("journalctl -x --no-pager -u defib-boot");
    EXPECT_TRUE(refused.contains("nobody signed it")) << refused;
    EXPECT_TRUE(refused.contains("Subject: A stage of defib's start has failed")) << refused;
    EXPECT_TRUE(machine.run("systemctl show -P NRestarts defib-boot").starts_with("0\n"));
    EXPECT_TRUE(machine.run("systemctl show -P ExecMainStatus defib-boot").starts_with("1\n"));

    guard("vm:" + guest->ram_file().string());
    ASSERT_TRUE(machine.is_done("systemctl reset-failed && systemctl start defib-boot"))
        << machine.run("journalctl --no-pager -n 60");
    EXPECT_TRUE(machine.run("systemctl is-active defib-boot").starts_with("active"));
    const std::string status =
        machine.run("cat /proc/$(systemctl show -P MainPID defib-boot)/status");
    EXPECT_TRUE(status.contains("CapEff:\t0000000000000000")) << status;
    EXPECT_TRUE(status.contains("Seccomp:\t2")) << status;

    ASSERT_TRUE(ok(faults::inject(*guest, fault)));
    const auto journal = tree() / "var/log/defib/journal";
    EXPECT_TRUE(ok(guest->wait_for(
        "a repair in the journal", [&] { return repairs_in(journal) > 0; }, REPAIR)))
        << machine.run("journalctl --no-pager -u defib-boot");
    EXPECT_TRUE(guest->alive(HEART)) << "its heart does not beat";
    EXPECT_TRUE(machine.run("systemctl is-active defib-boot").starts_with("active"));

    // Its engine dies: systemd goes through all of the start again.
    EXPECT_TRUE(machine.is_done(
        "pkill -KILL -P $(systemctl show -P MainPID defib-boot) || "
        "kill -KILL $(cat /proc/$(systemctl show -P MainPID defib-boot)/task/*/children)"));
    EXPECT_TRUE(ok(guest->wait_for(
        "a second start",
        [&] {
            return machine.run("systemctl show -P NRestarts,SubState defib-boot").contains("1\n") &&
                   machine.run("systemctl is-active defib-boot").starts_with("active");
        },
        SERVICE)))
        << machine.run("journalctl --no-pager -u defib-boot");

    EXPECT_TRUE(machine.is_done("systemctl stop defib-boot"));
    EXPECT_TRUE(machine.run("systemctl show -P Result defib-boot").starts_with("success"));
    const std::string said = machine.run("journalctl -x --no-pager -u defib-boot");
    for (const char* subject : {"A stage of defib's start is done", "defib watches",
                                "defib's engine has stopped watching", "defib was stopped"}) {
        EXPECT_TRUE(said.contains(std::string("Subject: ") + subject)) << said;
    }
    EXPECT_TRUE(guest->alive(HEART));
}

}  // namespace
}  // namespace defib::boot
