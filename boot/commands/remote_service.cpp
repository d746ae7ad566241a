// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote_service.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "boot/commands/remote_answers.h"

namespace defib::boot {

void declare_serve(CLI::App& options, ServeArguments& arguments) {
    auto* serve =
        options
            .add_option("--serve", arguments.where,
                        "let defib remote ask: ADDRESS:PORT, rdma:ADDRESS:PORT or shm:FILE")
            ->type_name("WHERE");
    options
        .add_option("--serve-key", arguments.key,
                    "and act, whoever has this key: a file of 32 bytes")
        ->needs(serve)
        ->type_name("FILE");
    options
        .add_flag("--serve-memory", arguments.opens_memory,
                  "and read the target's memory: whoever has the key, or without one whoever asks")
        ->needs(serve);
}

Result<std::unique_ptr<remote::Service>> start_service(const ServeArguments& arguments,
                                                       Session& session, const Guard& guard) {
    if (arguments.where.empty()) return nullptr;
    std::optional<remote::Key> key;
    if (!arguments.key.empty()) {
        const auto read = remote::read_key(arguments.key);
        if (!read) return std::unexpected(read.error());
        key = *read;
    }
    const Answering how = {.names = guard.names(),
                           .start_ns = guard.start_ns(),
                           .manifest = routine_set().manifest,
                           .memory = arguments.opens_memory ? &session.target() : nullptr};
    auto service = remote::Service::start(
        arguments.where, key, answers_of(session, how),
        arguments.opens_memory ? remote::Memory::open : remote::Memory::closed,
        std::span(session.kernel().window.ranges).first(session.kernel().window.count));
    if (!service) return service;
    const bool was_free = arguments.where.ends_with(":0");
    const std::string port = was_free ? fmt::format(", port {}", (*service)->port()) : "";
    const char* who = key ? "to whoever has the key" : "to nobody";
    const char* memory = !arguments.opens_memory ? "to nobody"
                         : key                   ? "to whoever has the key"
                                                 : "to whoever asks";
    fmt::print(stderr, "defib: {}{}: open to defib remote; acting {}, memory {}\n", arguments.where,
               port, who, memory);
    return service;
}

}  // namespace defib::boot
