// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The real process, sealed, and clients that do what they should not.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "boot/metrics/http.h"
#include "boot/metrics/post.h"
#include "boot/metrics/server.h"
#include "engine/base/tcp.h"

namespace defib::boot::metrics {
namespace {

constexpr int PATIENCE_S = 20;

struct Scraped : testing::Test {
    std::unique_ptr<Post> post;

    void SetUp() override {
        auto started = Post::start("0");
        ASSERT_TRUE(started.has_value()) << to_line(started.error());
        post = std::move(*started);
        ASSERT_NE(post->port(), 0);
    }

    UniqueFd connect() const {
        auto socket = connect_tcp("127.0.0.1:" + std::to_string(post->port()), PATIENCE_S);
        EXPECT_TRUE(socket.has_value());
        return socket ? std::move(*socket) : UniqueFd();
    }
    // Everything up to the end that the other side makes.
    static std::string rest_of(const UniqueFd& socket) {
        std::string all;
        char bytes[4096];
        for (;;) {
            const ssize_t count = recv(socket.get(), bytes, sizeof bytes, 0);
            if (count <= 0) return all;
            all.append(bytes, static_cast<size_t>(count));
        }
    }
    std::string ask(const std::string& request) const {
        const UniqueFd socket = connect();
        send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
        return rest_of(socket);
    }
    std::string scrape() const { return ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"); }
};

TEST_F(Scraped, ShowsWhatTheGuardCountsMeanwhile) {
    EXPECT_TRUE(scrape().contains("defib_stores_total 0\n"));
    add(post->vitals().stores, 3);
    const std::string answer = scrape();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.contains("defib_stores_total 3\n")) << answer;
    EXPECT_TRUE(ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(ask("PUT /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    EXPECT_TRUE(ask("\x16\x03\x01\r\n\r\n").starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(ask(std::string(MOST_REQUEST, 'x')).starts_with("HTTP/1.1 431 "));
    EXPECT_FALSE(post->how_it_ended().has_value());
}

TEST_F(Scraped, WhoOnlyHoldsConnectionsKeepsNobodyOut) {
    std::vector<UniqueFd> held;
    for (size_t i = 0; i < 3 * CONNECTIONS; i++) {
        held.push_back(connect());
        send(held.back().get(), "GET /met", 8, MSG_NOSIGNAL);
    }
    EXPECT_TRUE(scrape().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Scraped, WhoSaysNothingIsSentAway) {
    const UniqueFd silent = connect();
    EXPECT_EQ(rest_of(silent), "");
    EXPECT_FALSE(post->how_it_ended().has_value());
}

TEST_F(Scraped, ManyAtOnceAreAnswered) {
    for (int round = 0; round < 50; round++) {
        std::vector<UniqueFd> clients;
        for (size_t i = 0; i < CONNECTIONS / 2; i++) {
            clients.push_back(connect());
            // Gone before its answer is there.
            if (i % 2 == 0) clients.back().reset();
        }
        ASSERT_TRUE(scrape().starts_with("HTTP/1.1 200 OK\r\n")) << round;
    }
}

TEST(Post, SaysWhereItCannotListen) {
    for (const char* bad : {"nowhere", "1.2.3.4:", ":80", "192.0.2.1:80", "127.0.0.1:99999"}) {
        const auto post = Post::start(bad);
        ASSERT_FALSE(post.has_value()) << bad;
        EXPECT_TRUE(to_line(post.error()).contains(bad)) << to_line(post.error());
    }
}

}  // namespace
}  // namespace defib::boot::metrics
