// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/service.h"

#include <algorithm>

namespace defib::boot::remote {
namespace {

constexpr uint64_t BETWEEN_LOOKS_NS = 2000000;
// While somebody talks, who waits for each answer before the next question.
constexpr uint64_t AWAKE_NS = 20000000;
constexpr uint64_t SHORTLY_NS = 200000;
constexpr uint64_t REST_FACTOR = 4;
constexpr std::string_view SHARED = "shm:";
constexpr std::string_view BY_RDMA = "rdma:";

}  // namespace

Result<std::unique_ptr<Service>> Service::start(const std::string& where,
                                                const std::optional<Key>& operators, Serve serve,
                                                Memory opens, std::span<const DefibRange> memory) {
    auto service = std::make_unique<Service>();
    const bool is_file = where.starts_with(SHARED);
    auto mailbox =
        is_file ? SharedMailbox::make(where.substr(SHARED.size())) : SharedMailbox::make_private();
    if (!mailbox) return std::unexpected(mailbox.error());
    service->memory_ = std::move(*mailbox);
    auto server = Server::start(service->memory_->mailbox(), operators, std::move(serve), opens);
    if (!server) return std::unexpected(server.error());
    service->server_ = std::move(*server);
    if (is_file) return service;
    if (where.starts_with(BY_RDMA)) {
        RdmaTerms terms;
        const auto& nonce = service->memory_->mailbox().head.nonce;
        if (operators) terms.session = session_key(*operators, nonce);
        if (opens == Memory::open) terms.memory = memory;
        auto door =
            RdmaDoor::open(where.substr(BY_RDMA.size()), service->memory_->mailbox(), terms);
        if (!door) return std::unexpected(door.error());
        service->door_ = std::move(*door);
        return service;
    }
    auto gateway = Gateway::listen(where, own_memory(service->memory_->mailbox()), Reach::mailbox);
    if (!gateway) return std::unexpected(gateway.error());
    service->gateway_ = std::move(*gateway);
    return service;
}

uint64_t Service::step(const Server::Clock& now_ns, uint64_t engine_turns) {
    const uint64_t begin = now_ns();
    if (gateway_ && gateway_->step()) asked_ns_ = begin;
    if (door_) {
        door_->step();
        server_->count(DEFIB_REMOTE_FORGED, door_->take_forged());
    }
    const uint64_t end = now_ns();
    server_->step(now_ns, engine_turns);
    server_->keep(now_ns());
    // Who talks without a pause gets a fifth of the time, as who asks does.
    const bool is_awake = gateway_ && begin - asked_ns_ < AWAKE_NS;
    if (is_awake) return now_ns() + std::max(SHORTLY_NS, REST_FACTOR * (end - begin));
    return now_ns() + BETWEEN_LOOKS_NS;
}

}  // namespace defib::boot::remote
