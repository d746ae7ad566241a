// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib-boot --serve beside real kernels: everything that defib remote asks, answered by a process
// that has nothing of the target.
#include <sys/stat.h>

#include "tests/boot/appliance_under_test.h"

namespace defib::boot {
namespace {

using lab::Guest;
using lab::GuestUnderTest;

std::vector<pid_t> children_of(pid_t pid) {
    const std::string id = std::to_string(pid);
    std::ifstream file("/proc/" + id + "/task/" + id + "/children");
    return {std::istream_iterator<pid_t>(file), {}};
}

class Serving : public ApplianceUnderTest, public testing::WithParamInterface<const char*> {
  protected:
    std::string key(const std::string& name, char fill) const {
        const std::string file = (folder_ / name).string();
        std::ofstream(file) << std::string(32, fill);
        chmod(file.c_str(), 0600);
        return file;
    }
    static std::string where() { return "127.0.0.1:" + std::to_string(20000 + getpid() % 20000); }
    static Result<std::string> ask(std::vector<std::string> words) {
        std::vector<std::string> argv = {DEFIB_PROGRAM, "remote", "--to", where()};
        argv.insert(argv.end(), words.begin(), words.end());
        return lab::run_host_program(argv);
    }
};
INSTANTIATE_TEST_SUITE_P(Kernels, Serving, testing::Values("6.1", "6.12"), [](const auto& info) {
    return std::string(info.param) == "6.1" ? "Debian12" : "Backports";
});

TEST_P(Serving, AnswersRemotesFromAProcessWithoutTheTarget) {
    GuestUnderTest guest({.kernel = GetParam()});
    ASSERT_TRUE(guest.is_up());
    const std::string ram = guest->ram_file().string();
    const auto asleep = guest->start({"sleep", "100000"});
    ASSERT_TRUE(ok(asleep));
    const std::string right = key("right", 'k');
    const std::string wrong = key("wrong", 'w');
    auto serving = arguments(ram);
    for (const std::string& word : {std::string("--serve"), where(), std::string("--serve-key"),
                                    right, std::string("--metrics"), std::string("0")}) {
        serving.push_back(word);
    }
    Boot boot(serving);
    ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
    const auto children = children_of(boot.pid());
    ASSERT_EQ(children.size(), 3U) << "scraped, engine, who answers";
    const pid_t answerer = children.back();
    EXPECT_EQ(rights_of(answerer, ram), "") << "it has no window";
    EXPECT_EQ(status_of(answerer)["Seccomp"], "2");
    EXPECT_EQ(status_of(answerer)["CapEff"], "0000000000000000");
    expect_sealed(boot.pid());

    for (const auto& [what, text] : {std::pair{"ps", " kthreadd "},
                                     {"stat", "pressure  memory full"},
                                     {"log", "Run /agent as init process"},
                                     {"locks", "CPU"},
                                     {"findings", "now: nothing is found"},
                                     {"heartbeat", "alive: the engine turned "}}) {
        const auto seen = ask({what});
        ASSERT_TRUE(ok(seen)) << what << boot.said();
        EXPECT_TRUE(seen->contains(text)) << what << ": " << *seen;
    }
    const std::string pid = std::to_string(*asleep);
    const auto forged = ask({"act", "signal", pid, "signal=9", "--key", wrong});
    ASSERT_FALSE(forged.has_value());
    EXPECT_TRUE(to_line(forged.error()).contains("operator's key")) << to_line(forged.error());
    const auto done = ask({"act", "signal", pid, "signal=KILL", "--key", right});
    ASSERT_TRUE(ok(done)) << boot.said();
    EXPECT_TRUE(done->contains("done: the effect is there")) << *done;
    const auto ended = guest->wait_for_exit(*asleep);
    ASSERT_TRUE(ok(ended));
    EXPECT_EQ(ended->status, 128 + 9);

    // The guard goes on without it, and says so.
    kill(answerer, SIGKILL);
    EXPECT_NE(boot.wait_for("the process that answers remotes has ended"), "") << boot.said();
    EXPECT_FALSE(ask({"heartbeat"}).has_value());
    kill(boot.pid(), SIGTERM);
    EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_DONE) << boot.said();
}

TEST_P(Serving, GivesAGuestsMemoryToTheKeyAlone) {
    GuestUnderTest guest({.kernel = GetParam()});
    ASSERT_TRUE(guest.is_up());
    const std::string ram = guest->ram_file().string();
    const std::string right = key("right", 'k');
    auto serving = arguments(ram);
    for (const std::string& word : {std::string("--serve"), where(), std::string("--serve-key"),
                                    right, std::string("--serve-memory")}) {
        serving.push_back(word);
    }
    Boot boot(serving);
    ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
    const pid_t answerer = children_of(boot.pid()).back();
    EXPECT_EQ(rights_of(answerer, ram), "r--s") << "it reads, and cannot write";
    const std::string file = (folder_ / "dump").string();
    EXPECT_FALSE(ask({"dump", "-o", file, "--level", "31"}));
    const auto taken = ask({"dump", "-o", file, "--level", "31", "--key", right});
    ASSERT_TRUE(ok(taken)) << boot.said();
    const auto log = lab::run_host_program({DEFIB_PROGRAM, "log", "--target", "core:" + file});
    ASSERT_TRUE(ok(log));
    EXPECT_TRUE(log->contains("Run /agent as init process"));
    kill(boot.pid(), SIGTERM);
    EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_DONE) << boot.said();
}

TEST_F(ApplianceUnderTest, RefusesToServeWhereItCannot) {
    GuestUnderTest guest({.kernel = "6.12"});
    ASSERT_TRUE(guest.is_up());
    for (const auto& [words, text] :
         {std::pair<std::vector<std::string>, const char*>{{"--serve", "shm:/dev/shm/x"},
                                                           "not an address"},
          {{"--serve", "127.0.0.1:0", "--serve-key", "/no/such"}, "/no/such"},
          {{"--serve", "192.0.2.1:7070"}, "192.0.2.1:7070"},
          {{"--metrics", "99999"}, "99999"},
          {{"--exec", "/no/such"}, "/no/such"}}) {
        auto refused = arguments(guest->ram_file());
        refused.insert(refused.end(), words.begin(), words.end());
        Boot boot(refused);
        EXPECT_NE(boot.exit_status(), DEFIB_EXIT_DONE) << boot.said();
        EXPECT_TRUE(boot.said().contains(text)) << boot.said();
        EXPECT_FALSE(std::filesystem::exists(journal())) << "nothing was begun";
    }
}

}  // namespace
}  // namespace defib::boot
