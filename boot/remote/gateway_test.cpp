// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/gateway.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstddef>
#include <thread>

#include "boot/remote/client.h"
#include "boot/remote/service.h"

namespace defib::boot::remote {
namespace {

constexpr uint64_t REQUEST = offsetof(DefibRemoteMailbox, slots);

TEST(Gateway, AllowsReadingEverythingAndWritingRequests) {
    constexpr uint64_t SIZE = sizeof(DefibRemoteMailbox);
    EXPECT_TRUE(is_allowed({Frame::READ, 8, 0}));
    EXPECT_TRUE(is_allowed({Frame::READ, 8, SIZE - 8}));
    EXPECT_FALSE(is_allowed({Frame::READ, 8, SIZE - 7}));
    EXPECT_FALSE(is_allowed({Frame::READ, 8, ~uint64_t{0} - 3}));
    EXPECT_FALSE(is_allowed({Frame::READ, 0, 0}));
    EXPECT_FALSE(is_allowed({Frame::READ, MOST_READ + 1, 0}));
    EXPECT_TRUE(is_allowed({Frame::WRITE, sizeof(DefibRemoteRequest), REQUEST}));
    EXPECT_FALSE(is_allowed({Frame::WRITE, 8, REQUEST - 8})) << "the head";
    EXPECT_FALSE(is_allowed({Frame::WRITE, sizeof(DefibRemoteRequest), REQUEST + 1}))
        << "into the answer";
    EXPECT_FALSE(is_allowed({Frame::WRITE, 8, ~uint64_t{0} - 3}));
    EXPECT_FALSE(is_allowed({3, 8, REQUEST}));
}

// A service that is turned by a thread of its own, on a port that was free.
class ServedByTcp : public testing::Test {
  protected:
    void SetUp() override {
        service = std::move(*Service::start("127.0.0.1:0", key, [](auto kind, const auto& words) {
            return Served{DEFIB_REMOTE_DONE, std::to_string(kind) + " " + words};
        }));
        where = "127.0.0.1:" + std::to_string(service->port());
        turning = std::jthread([this](const std::stop_token& stop) {
            uint64_t now = 0;
            while (!stop.stop_requested()) service->step([&now] { return now += 1000000000; }, 1);
        });
    }
    Result<Answered> ask(DefibRemoteKind kind, const std::string& words) {
        const auto way = connect_to(where);
        if (!way) return std::unexpected(way.error());
        return Client(**way).ask(kind, words, key, std::chrono::milliseconds(60000));
    }

    Key key{9};
    std::unique_ptr<Service> service;
    std::string where;
    std::jthread turning;
};

TEST_F(ServedByTcp, AsksOverTcp) {
    const auto seen = ask(DEFIB_REMOTE_LOG, "json");
    ASSERT_TRUE(seen.has_value()) << to_line(seen.error());
    EXPECT_EQ(seen->text, "3 json");
    const auto done = ask(DEFIB_REMOTE_ACT, "signal 1");
    ASSERT_TRUE(done.has_value()) << to_line(done.error());
    EXPECT_EQ(done->status, DEFIB_REMOTE_DONE);
    EXPECT_EQ(done->text, "5 signal 1");
}

TEST_F(ServedByTcp, ConnectionsThatSayNothingOrNonsenseKeepNobodyOut) {
    std::vector<std::unique_ptr<OneSided>> silent;
    for (int i = 0; i < 20; i++) {
        auto one = connect_to(where);
        if (one) silent.push_back(std::move(*one));
    }
    const auto bad = connect_to(where);
    ASSERT_TRUE(bad.has_value());
    uint8_t bytes[8] = {};
    EXPECT_FALSE((*bad)->write(0, bytes).has_value()) << "the head is not the remote's";
    const auto seen = ask(DEFIB_REMOTE_PS, "");
    ASSERT_TRUE(seen.has_value()) << to_line(seen.error());
    EXPECT_EQ(seen->text, "1 ");
}

TEST(Gateway, RefusesWhatIsNoAddress) {
    for (const char* where : {"", "here", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:http"}) {
        const auto way = connect_to(where);
        ASSERT_FALSE(way.has_value()) << where;
        EXPECT_EQ(exit_status(way.error().code), DEFIB_EXIT_USAGE) << where;
    }
    EXPECT_FALSE(connect_to("shm:/nowhere/at/all").has_value());
    EXPECT_FALSE(connect_to("shm:/dev/null").has_value()) << "not of a mailbox's size";
}

}  // namespace
}  // namespace defib::boot::remote
