// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Against swtpm, a TPM 2.0 in software, through the same libraries as a real one.
#include "signing/tpm_counter.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "engine/base/unique_fd.h"
#include "signing/testing.h"
#include "signing/tpm_session.h"
#include "signing/trust_store.h"

namespace defib::signing {
namespace {

using testing::file_of;
using testing::Folder;
using testing::key;
using testing::make;

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

// A TPM that keeps its state in a folder, as a real one does in its flash.
class SoftwareTpm {
  public:
    bool start() {
        const sockaddr_un control = address_of(folder_ / "tpm.ctrl");
        ::unlink(control.sun_path);
        const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
        if (!listener.is_open()) return false;
        if (::bind(listener.get(), generic(control), sizeof control) != 0) return false;
        if (::listen(listener.get(), 8) != 0) return false;
        pid_ = ::fork();
        if (pid_ == 0) run(listener.get());
        return is_answering(control);
    }
    void stop() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    std::string tcti() const { return "swtpm:path=" + (folder_ / "tpm").string(); }

    // As an administrator does with tpm2_changeauth: TPM2_HierarchyChangeAuth, byte by byte, since
    // nothing of defib ever sends it.
    bool set_owner_secret(const std::string& secret) const {
        const std::string authorised_by_none("\x40\x00\x00\x09\x00\x00\x00\x00\x00", 9);
        const auto length = static_cast<char>(secret.size());
        std::string command = std::string("\x80\x02", 2) + std::string("\0\0\0\0", 4) +
                              std::string("\x00\x00\x01\x29", 4) +  // the command
                              std::string("\x40\x00\x00\x01", 4) +  // TPM_RH_OWNER
                              std::string("\x00\x00\x00\x09", 4) + authorised_by_none +
                              std::string("\0", 1) + length + secret;
        command[5] = static_cast<char>(command.size());
        const sockaddr_un address = address_of(folder_ / "tpm");
        const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
        char answer[64] = {};
        return fd.is_open() && ::connect(fd.get(), generic(address), sizeof address) == 0 &&
               ::write(fd.get(), command.data(), command.size()) ==
                   static_cast<ssize_t>(command.size()) &&
               ::read(fd.get(), answer, sizeof answer) >= 10 &&
               std::memcmp(answer + 6, "\0\0\0\0", 4) == 0;
    }

    SoftwareTpm() = default;
    SoftwareTpm(const SoftwareTpm&) = delete;
    SoftwareTpm& operator=(const SoftwareTpm&) = delete;
    ~SoftwareTpm() { stop(); }

  private:
    [[noreturn]] void run(int control_fd) const {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const std::string state = "dir=" + folder_.path().string();
        const std::string server = "type=unixio,path=" + (folder_ / "tpm").string();
        const std::string control = "type=unixio,fd=" + std::to_string(control_fd);
        ::execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state.c_str(), "--server",
                 server.c_str(), "--ctrl", control.c_str(), "--flags",
                 "not-need-init,startup-clear", "--log", "file=/dev/null", nullptr);
        ::_exit(127);
    }
    // Its control channel was open before it started, so that this waits for exactly as long as it
    // needs: CMD_GET_CAPABILITY is answered once all its sockets are there.
    static bool is_answering(const sockaddr_un& control) {
        const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
        if (!fd.is_open()) return false;
        if (::connect(fd.get(), generic(control), sizeof control) != 0) return false;
        const unsigned char get_capability[] = {0, 0, 0, 1};
        char answer[8];
        return ::write(fd.get(), get_capability, sizeof get_capability) == 4 &&
               ::read(fd.get(), answer, sizeof answer) > 0;
    }

    Folder folder_;
    pid_t pid_ = -1;
};

class TpmCounters : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!tpm_.start()) GTEST_SKIP() << "swtpm is not installed";
    }
    SoftwareTpm tpm_;
};

TEST_F(TpmCounters, StartAtZeroAndGoUp) {
    EXPECT_REFUSED(open_tpm_counters(tpm_.tcti()), SIGNING_COUNTER_MISSING);
    ASSERT_DONE(provision_tpm_counters(tpm_.tcti(), ""));
    const auto counters = open_tpm_counters(tpm_.tcti());
    ASSERT_DONE(counters);
    EXPECT_EQ(*(*counters)->read(Counter::image), 0U);
    EXPECT_EQ(*(*counters)->read(Counter::key_set), 0U);
    ASSERT_DONE((*counters)->advance(Counter::image, 3));
    EXPECT_EQ(*(*counters)->read(Counter::image), 3U);
    EXPECT_EQ(*(*counters)->read(Counter::key_set), 0U);
    ASSERT_DONE((*counters)->advance(Counter::image, 2));
    EXPECT_EQ(*(*counters)->read(Counter::image), 3U);
}

TEST_F(TpmCounters, OutliveThePowerAndASecondSetUp) {
    ASSERT_DONE(provision_tpm_counters(tpm_.tcti(), ""));
    ASSERT_DONE((*open_tpm_counters(tpm_.tcti()))->advance(Counter::image, 4));
    tpm_.stop();
    ASSERT_TRUE(tpm_.start());
    ASSERT_DONE(provision_tpm_counters(tpm_.tcti(), ""));
    EXPECT_EQ(*(*open_tpm_counters(tpm_.tcti()))->read(Counter::image), 4U);
}

TEST_F(TpmCounters, BeginAgainWhenTheirSetUpWasInterrupted) {
    {
        // What an interruption just before the lock leaves: base and one counter, not locked.
        const auto session = TpmSession::open(tpm_.tcti());
        ASSERT_DONE(session);
        constexpr uint32_t common =
            TPMA_NV_AUTHREAD | TPMA_NV_OWNERREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;
        ASSERT_DONE(
            (*session)->define(0x018def11, common | (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT), 8));
        ASSERT_DONE((*session)->increment(0x018def11));
        ASSERT_DONE((*session)->define(0x018def10, common | TPMA_NV_WRITEDEFINE, 16));
    }
    EXPECT_REFUSED(open_tpm_counters(tpm_.tcti()), SIGNING_COUNTER_MISSING);
    ASSERT_DONE(provision_tpm_counters(tpm_.tcti(), ""));
    EXPECT_EQ(*(*open_tpm_counters(tpm_.tcti()))->read(Counter::image), 0U);
}

TEST_F(TpmCounters, HaveABaseThatNobodyCanWriteAgain) {
    ASSERT_DONE(provision_tpm_counters(tpm_.tcti(), ""));
    const auto session = TpmSession::open(tpm_.tcti());
    const uint64_t higher[2] = {~uint64_t{0}, ~uint64_t{0}};
    EXPECT_REFUSED((*session)->write(0x018def10, higher), SIGNING_TPM);
}

TEST_F(TpmCounters, AreRefusedWhenOneWasDeleted) {
    ASSERT_DONE(provision_tpm_counters(tpm_.tcti(), ""));
    ASSERT_DONE((*TpmSession::open(tpm_.tcti()))->undefine(0x018def11));
    EXPECT_REFUSED(open_tpm_counters(tpm_.tcti()), SIGNING_COUNTER_DAMAGED);
    EXPECT_REFUSED(provision_tpm_counters(tpm_.tcti(), ""), SIGNING_COUNTER_DAMAGED);
}

TEST_F(TpmCounters, RefuseAJumpBeforeTheFirstStep) {
    ASSERT_DONE(provision_tpm_counters(tpm_.tcti(), ""));
    const auto counters = open_tpm_counters(tpm_.tcti());
    EXPECT_REFUSED((*counters)->advance(Counter::image, MOST_TPM_STEPS + 1), SIGNING_COUNTER_JUMP);
    EXPECT_EQ(*(*counters)->read(Counter::image), 0U);
    EXPECT_REFUSED((*counters)->check_reach(Counter::image, MOST_TPM_STEPS + 1),
                   SIGNING_COUNTER_JUMP);
    EXPECT_TRUE((*counters)->check_reach(Counter::image, MOST_TPM_STEPS));
}

// What cannot be counted is not written down either: a machine whose key set is ahead of its
// counter would take an older one again.
TEST_F(TpmCounters, TakeNoKeySetWhoseVersionTheyCannotReach) {
    const Folder machine;
    const auto state = machine / "state";
    const auto far = file_of(make({.version = MOST_TPM_STEPS + 2}));
    const TrustSetup setup{.folder = state, .tcti = tpm_.tcti()};
    EXPECT_REFUSED(TrustStore::install(setup, as_bytes(far), "first"), SIGNING_COUNTER_JUMP);
    EXPECT_FALSE(std::filesystem::exists(state / "keys"));
    ASSERT_DONE(TrustStore::install(setup, as_bytes(file_of(make({}))), "first"));
    EXPECT_REFUSED(TrustStore::open(state)->adopt(as_bytes(far), "next"), SIGNING_COUNTER_JUMP);
    EXPECT_EQ(TrustStore::open(state)->key_set().version, 1U);
}

// An owner authorisation is what keeps others from deleting the counters; counting takes none, so
// that a machine starts without anybody's password.
TEST_F(TpmCounters, AreSetUpWithTheOwnersSecretAndCountedWithoutIt) {
    ASSERT_TRUE(tpm_.set_owner_secret("of the owner"));
    const Folder machine;
    const auto install = [&](const std::string& secret) {
        return TrustStore::install(
            {.folder = machine / "state", .tcti = tpm_.tcti(), .owner_secret = secret},
            as_bytes(file_of(make({}))), "first");
    };
    EXPECT_REFUSED(install(""), SIGNING_TPM);
    EXPECT_REFUSED(install("of somebody else"), SIGNING_TPM);
    EXPECT_FALSE(std::filesystem::exists(machine / "state" / "keys"));
    ASSERT_DONE(install("of the owner"));
    {
        auto store = TrustStore::open(machine / "state");
        ASSERT_DONE(store);
        RunningImage running{.security_counter = 2};
        running.verified_with.push_back(key("image-a").public_key());
        ASSERT_DONE(store->confirm(running));
        EXPECT_EQ(*store->least_security_counter(), 2U);
    }
    EXPECT_REFUSED((*TpmSession::open(tpm_.tcti()))->undefine(0x018def11), SIGNING_TPM);
    EXPECT_EQ(*TrustStore::open(machine / "state")->least_security_counter(), 2U);
}

// What the file cannot do: the whole disk as it was before, and still no way back.
TEST_F(TpmCounters, MakeAnOldDiskUseless) {
    const Folder machine;
    const auto state = machine / "state";
    const auto old_disk = machine / "old";
    ASSERT_DONE(TrustStore::install({.folder = state, .tcti = tpm_.tcti()},
                                    as_bytes(file_of(make({}))), "first"));
    std::filesystem::copy(state, old_disk);
    {
        auto store = TrustStore::open(state);
        ASSERT_DONE(store);
        ASSERT_DONE(store->adopt(as_bytes(file_of(make({.version = 2}))), "next"));
        RunningImage running{.security_counter = 6};
        running.verified_with.push_back(key("image-a").public_key());
        ASSERT_DONE(store->confirm(running));
    }
    EXPECT_REFUSED(TrustStore::open(old_disk), SIGNING_STALE_KEY_SET);
    EXPECT_EQ(*TrustStore::open(state)->least_security_counter(), 6U);
}

TEST(NoTpm, IsSaidInOneLine) {
    EXPECT_REFUSED(open_tpm_counters("device:/dev/no-such-tpm"), SIGNING_TPM);
}

}  // namespace
}  // namespace defib::signing
