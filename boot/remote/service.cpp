// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/service.h"

namespace defib::boot::remote {
namespace {

constexpr uint64_t BETWEEN_LOOKS_NS = 2000000;
constexpr std::string_view SHARED = "shm:";

}  // namespace

Result<std::unique_ptr<Service>> Service::start(const std::string& where,
                                                const std::optional<Key>& operators, Serve serve) {
    auto service = std::make_unique<Service>();
    const bool is_file = where.starts_with(SHARED);
    auto memory =
        is_file ? SharedMailbox::make(where.substr(SHARED.size())) : SharedMailbox::make_private();
    if (!memory) return std::unexpected(memory.error());
    service->memory_ = std::move(*memory);
    auto server = Server::start(service->memory_->mailbox(), operators, std::move(serve));
    if (!server) return std::unexpected(server.error());
    service->server_ = std::move(*server);
    if (is_file) return service;
    auto gateway = Gateway::listen(where, service->memory_->mailbox());
    if (!gateway) return std::unexpected(gateway.error());
    service->gateway_ = std::move(*gateway);
    return service;
}

uint64_t Service::step(const Server::Clock& now_ns, uint64_t engine_turns) {
    if (gateway_) gateway_->step();
    server_->step(now_ns, engine_turns);
    return now_ns() + BETWEEN_LOOKS_NS;
}

}  // namespace defib::boot::remote
