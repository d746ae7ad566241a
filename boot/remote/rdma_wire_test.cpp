// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How an RDMA connection is agreed on, where no adapter is needed for it. Over a real one:
// tests/remote/rdma_test.cpp.
#include "boot/remote/rdma_wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <thread>

#include "boot/remote/gateway.h"
#include "boot/remote/one_sided.h"
#include "boot/remote/service.h"
#include "engine/base/tcp.h"

namespace defib::boot::remote {
namespace {

template <class T>
std::span<const uint8_t> bytes_of(const T& value) {
    return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

TEST(RdmaWire, TakesItsOwnMessagesAndNoOthers) {
    EXPECT_TRUE(read_greeting(bytes_of(RdmaGreeting{})).has_value());
    EXPECT_TRUE(read_hello(bytes_of(RdmaHello{})).has_value());
    EXPECT_TRUE(read_welcome(bytes_of(RdmaWelcome{})).has_value());
    EXPECT_FALSE(read_hello(bytes_of(RdmaHello{}).first(8)).has_value()) << "cut off";
    RdmaHello hello;
    hello.magic++;
    EXPECT_FALSE(read_hello(bytes_of(hello)).has_value());
    hello = {};
    hello.version++;
    EXPECT_FALSE(read_hello(bytes_of(hello)).has_value());
    hello = {};
    hello.has_key = 2;
    EXPECT_FALSE(read_hello(bytes_of(hello)).has_value());
}

TEST(RdmaWire, ARegionLiesInOrderAndNowhereTwice) {
    RdmaWelcome welcome;
    welcome.region_count = 2;
    welcome.regions[0] = {.physical = 0x1000, .size = 0x1000, .address = 0x70000, .key = 5};
    welcome.regions[1] = {.physical = 0x3000, .size = 0x2000, .address = 0x90000, .key = 6};
    ASSERT_TRUE(read_welcome(bytes_of(welcome)).has_value());
    EXPECT_EQ(region_of(welcome, 0x1000, 0x1000)->key, 5U);
    EXPECT_EQ(region_of(welcome, 0x4fff, 1)->key, 6U);
    EXPECT_EQ(region_of(welcome, 0x1fff, 2), nullptr) << "into the hole";
    EXPECT_EQ(region_of(welcome, 0x4000, ~uint64_t{0}), nullptr);
    EXPECT_EQ(region_of(welcome, 0, 1), nullptr);
    RdmaWelcome bad = welcome;
    bad.regions[1].physical = 0x1800;
    EXPECT_FALSE(read_welcome(bytes_of(bad)).has_value()) << "one in another";
    bad = welcome;
    bad.regions[1].size = ~uint64_t{0};
    EXPECT_FALSE(read_welcome(bytes_of(bad)).has_value());
    bad = welcome;
    bad.region_count = DEFIB_WINDOW_RANGES + 1;
    EXPECT_FALSE(read_welcome(bytes_of(bad)).has_value());
}

TEST(RdmaWire, EachRequestHasAKeyOfItsOwnAndTheRestHasNone) {
    RdmaWelcome welcome;
    for (uint32_t i = 0; i < DEFIB_REMOTE_SLOTS; i++) welcome.request_keys[i] = 100 + i;
    constexpr uint64_t SECOND = offsetof(DefibRemoteMailbox, slots) + sizeof(DefibRemoteSlot);
    EXPECT_EQ(key_to_write(welcome, SECOND, sizeof(DefibRemoteRequest)), 101U);
    EXPECT_EQ(key_to_write(welcome, SECOND + 8, sizeof(DefibRemoteRequest)), std::nullopt);
    EXPECT_EQ(key_to_write(welcome, 0, 8), std::nullopt) << "the head";
}

// Nothing of a hello can be changed, and it is of no use to another connection.
TEST(RdmaWire, AHelloIsSignedForItsConnection) {
    const Key session{1, 2, 3};
    const Nonce once{4};
    RdmaHello hello;
    hello.has_key = 1;
    hello.queue = 17;
    const Key mac = mac_of_hello(hello, once, session);
    std::memcpy(hello.mac, mac.data(), mac.size());
    EXPECT_EQ(mac_of_hello(hello, once, session), mac);
    EXPECT_NE(mac_of_hello(hello, Nonce{5}, session), mac);
    EXPECT_NE(mac_of_hello(hello, once, Key{9}), mac);
    hello.queue = 18;
    EXPECT_NE(mac_of_hello(hello, once, session), mac);
    hello.queue = 17;
    hello.gid[15] = 1;
    EXPECT_NE(mac_of_hello(hello, once, session), mac);
}

TEST(Rdma, WithoutAnAdapterItIsAnError) {
    const auto service = Service::start("rdma:127.0.0.1:0", std::nullopt,
                                        [](auto, const auto&) { return Served{}; });
    ASSERT_FALSE(service.has_value());
    EXPECT_EQ(exit_status(service.error().code), DEFIB_EXIT_ENVIRONMENT);
}

// -- Who holds a connection for others -----------------------------------------------------------

// The target's memory, of which the first page can be read.
class Elsewhere final : public OneSided {
  public:
    Result<void> read(uint64_t at, std::span<uint8_t> into) override {
        if ((at & ~TARGET_MEMORY) >= 4096)
            return fail(DEFIB_ERROR_BASE_CANNOT_READ, "it", "its adapter\x1b does not answer");
        std::ranges::fill(into, uint8_t{7});
        return {};
    }
    Result<void> write(uint64_t, std::span<const uint8_t>) override { return {}; }
};

TEST(Holder, ReadsTheTargetsMemoryForOthersAndNeverWritesIt) {
    EXPECT_FALSE(is_allowed({Frame::READ, 8, TARGET_MEMORY})) << "a gateway has none";
    EXPECT_TRUE(is_allowed({Frame::READ, 8, TARGET_MEMORY}, Reach::mailbox_and_memory));
    EXPECT_FALSE(is_allowed({Frame::WRITE, 8, TARGET_MEMORY}, Reach::mailbox_and_memory));
    EXPECT_FALSE(
        is_allowed({Frame::READ, MOST_READ + 1, TARGET_MEMORY}, Reach::mailbox_and_memory));
}

TEST(Holder, KnowsWhetherOthersCouldReachIt) {
    for (const auto& [where, is_here] : {std::pair{"127.0.0.1:0", true},
                                         {"127.1.2.3:0", true},
                                         {"0.0.0.0:0", false},
                                         {"[::]:0", false}}) {
        const auto listener = listen_tcp(where);
        ASSERT_TRUE(listener.has_value()) << where;
        EXPECT_EQ(is_of_this_machine_only(listener->socket.get()), is_here) << where;
    }
}

TEST(Holder, SaysWhatBecameOfTheConnectionThatItHolds) {
    auto gateway =
        Gateway::listen("127.0.0.1:0", std::make_unique<Elsewhere>(), Reach::mailbox_and_memory);
    ASSERT_TRUE(gateway.has_value());
    const std::jthread turning([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) (*gateway)->step();
    });
    const auto way = connect_to("127.0.0.1:" + std::to_string((*gateway)->port()));
    ASSERT_TRUE(way.has_value());
    uint8_t bytes[8] = {};
    ASSERT_TRUE((*way)->read(TARGET_MEMORY, bytes).has_value());
    EXPECT_EQ(bytes[7], 7);
    const auto read = (*way)->read(TARGET_MEMORY | 8192, bytes);
    ASSERT_FALSE(read.has_value());
    const std::string why = to_line(read.error());
    EXPECT_TRUE(why.contains("its adapter? does not answer")) << why;
    EXPECT_TRUE((*way)->read(0, bytes).has_value()) << "it goes on";
}

}  // namespace
}  // namespace defib::boot::remote
