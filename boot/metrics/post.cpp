// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/metrics/post.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "boot/metrics/server.h"
#include "boot/seal/seal.h"
#include "engine/base/tcp.h"

namespace defib::boot::metrics {
namespace {

constexpr const char* NAME = "the process that is scraped";
constexpr uint64_t MOST_START_NS = 5'000'000'000;

uint64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// What both processes share: the numbers, which the guard writes, and one word of the other's.
struct Shared {
    alignas(4096) Vitals vitals;
    alignas(4096) Count is_sealed;
};

Result<void> seal_server(Shared& shared, int listener) {
    const Bytes numbers = {reinterpret_cast<const std::byte*>(&shared.vitals), sizeof(Vitals)};
    if (auto done = seal::forbid_writing(numbers); !done) return done;
    const seal::Files files = {.log = STDERR_FILENO, .listener = listener};
    if (auto done = seal::close_other_files(files, CONNECTIONS); !done) return done;
    const auto allowances = seal::server_allowances(files);
    return seal::close_doors(allowances);
}

int serve(Shared& shared, int listener) {
    const Vitals& vitals = shared.vitals;
    const auto server = std::make_unique<Server>(listener, [&](std::span<char> into) {
        return expose(vitals, clock_ns(CLOCK_MONOTONIC), into);
    });
    if (const auto sealed = seal_server(shared, listener); !sealed) {
        std::fprintf(stderr, "defib: %s: %s\n", NAME, to_line(sealed.error()).c_str());
        return EXIT_NOT_SEALED;
    }
    shared.is_sealed.store(1);
    for (;;) server->step(clock_ns(CLOCK_MONOTONIC));
}

}  // namespace

Result<std::unique_ptr<Post>> Post::unserved() {
    void* memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "metrics", std::strerror(errno));
    }
    std::unique_ptr<Post> post(new Post);
    post->vitals_ = &(new (memory) Shared())->vitals;
    set_name(post->vitals_->version, DEFIB_VERSION);
    post->vitals_->started_wall_ns = clock_ns(CLOCK_REALTIME);
    post->vitals_->started_ns = clock_ns(CLOCK_MONOTONIC);
    post->vitals_->turned_ns = clock_ns(CLOCK_MONOTONIC);
    return post;
}

Result<std::unique_ptr<Post>> Post::start(const std::string& where) {
    const bool is_port =
        !where.empty() && std::ranges::all_of(where, [](char c) { return c >= '0' && c <= '9'; });
    auto listener = listen_tcp(is_port ? "127.0.0.1:" + where : where, ", or a port alone");
    if (!listener) return std::unexpected(listener.error());
    auto post = unserved();
    if (!post) return post;
    Shared& shared = *reinterpret_cast<Shared*>((*post)->vitals_);
    auto child = Child::start(NAME, [&] { return serve(shared, listener->socket.get()); });
    if (!child) return std::unexpected(child.error());
    (*post)->child_.emplace(std::move(*child));
    (*post)->port_ = listener->port;
    const uint64_t deadline = clock_ns(CLOCK_MONOTONIC) + MOST_START_NS;
    while (shared.is_sealed.load() == 0) {
        if (auto ended = (*post)->how_it_ended()) return std::unexpected(std::move(*ended));
        if (clock_ns(CLOCK_MONOTONIC) > deadline) {
            return fail(DEFIB_ERROR_APPLIANCE_SEAL, NAME, "it does not come up");
        }
        constexpr timespec MOMENT = {0, 1'000'000};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &MOMENT, nullptr);
    }
    return post;
}

Post::~Post() {
    child_.reset();
    munmap(vitals_, sizeof(Shared));
}

}  // namespace defib::boot::metrics
