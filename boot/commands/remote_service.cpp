// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote_service.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "boot/commands/remote_answers.h"

namespace defib::boot {

void declare_serve(CLI::App& options, ServeArguments& arguments) {
    auto* serve = options
                      .add_option("--serve", arguments.where,
                                  "let defib remote ask: ADDRESS:PORT, or shm:FILE")
                      ->type_name("WHERE");
    options
        .add_option("--serve-key", arguments.key,
                    "and act, whoever has this key: a file of 32 bytes")
        ->needs(serve)
        ->type_name("FILE");
}

Result<std::unique_ptr<remote::Service>> start_service(const ServeArguments& arguments,
                                                       Session& session) {
    if (arguments.where.empty()) return nullptr;
    std::optional<remote::Key> key;
    if (!arguments.key.empty()) {
        const auto read = remote::read_key(arguments.key);
        if (!read) return std::unexpected(read.error());
        key = *read;
    }
    auto service = remote::Service::start(arguments.where, key, answers_of(session));
    if (!service) return service;
    const bool was_free = arguments.where.ends_with(":0");
    const std::string port = was_free ? fmt::format(", port {}", (*service)->port()) : "";
    fmt::print(stderr, "defib: {}{}: open to defib remote; acting {}\n", arguments.where, port,
               key ? "to whoever has the key" : "to nobody");
    return service;
}

}  // namespace defib::boot
