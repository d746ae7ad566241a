// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The process that answers remotes: forked when the engine runs, without the target's memory, and
// with the engine's to read alone. What it wants of the engine goes through the supervisor.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

#include "boot/appliance/appliance.h"
#include "boot/commands/remote_answers.h"

namespace defib::boot {
namespace {

constexpr const char* NAME = "the process that answers remotes";
constexpr size_t CONNECTIONS = 8;

}  // namespace

Result<void> Appliance::open_remote(std::string& said) {
    std::optional<remote::Key> key;
    if (!options_.serve_key.empty()) {
        const auto read = remote::read_key(options_.serve_key);
        if (!read) return std::unexpected(read.error());
        key = *read;
    }
    if (options_.serve.starts_with("shm:")) {
        return fail(DEFIB_ERROR_BASE_USAGE, options_.serve, "not an address",
                    "write ADDRESS:PORT; defib run can serve a file");
    }
    auto relay = Relay::make(key ? MayAct::yes : MayAct::no);
    if (!relay) return std::unexpected(relay.error());
    relay_.emplace(std::move(*relay));
    auto service = remote::Service::start(
        options_.serve, key,
        [this](DefibRemoteKind kind, const std::string& words) { return answer_(kind, words); });
    if (!service) return std::unexpected(service.error());
    service_ = std::move(*service);
    said = fmt::format("{}, port {}; acting is open {}", options_.serve, service_->port(),
                       key ? "to whoever has the key" : "to nobody");
    return {};
}

std::unique_ptr<Session> Appliance::session_of_answerer() {
    SessionParts parts;
    parts.target = Target::elsewhere(options_.target, target_.kind());
    parts.kernel = kernel_;
    parts.layout = std::move(layout_);
    parts.manifest = std::move(manifest_);
    parts.bound = std::move(bound_);
    parts.engine = relay_->engine(*state_);
    return Session::over(std::move(parts));
}

Result<void> Appliance::start_answerer(std::string& said) {
    auto child = Child::start(NAME, [this] { return answer_remotes(); });
    if (!child) return std::unexpected(child.error());
    answerer_.emplace(std::move(*child));
    service_->close_gateway();
    said = fmt::format("process {} answers", answerer_->pid());
    return {};
}

Result<void> Appliance::seal_answerer() const {
    const Bytes window = target_.memory().bytes();
    if (munmap(const_cast<std::byte*>(window.data()), window.size()) != 0) {
        return fail(DEFIB_ERROR_APPLIANCE_SEAL, "the window", "it cannot be given back");
    }
    if (auto done = seal::forbid_writing(state_->memory()); !done) return done;
    const seal::Files files = {.log = STDERR_FILENO, .listener = service_->listener()};
    if (auto done = seal::close_other_files(files, CONNECTIONS); !done) return done;
    const auto allowances = seal::answerer_allowances(files);
    return seal::close_doors(allowances);
}

// The whole life of that process.
int Appliance::answer_remotes() {
    // More memory comes from brk() alone: what mmap() can do besides is not for a sealed process.
    mallopt(M_MMAP_MAX, 0);
    const auto session = session_of_answerer();
    answer_ = answers_of(*session);
    if (const auto sealed = seal_answerer(); !sealed) {
        std::fprintf(stderr, "defib-boot: %s: %s\n", NAME, to_line(sealed.error()).c_str());
        return EXIT_NOT_SEALED;
    }
    constexpr timespec MOMENT = {0, 2'000'000};
    for (;;) {
        service_->step(now_ns, state_->mailbox().heartbeat);
        for (size_t i = 0; i < DEFIB_REMOTE_STATUSES; i++) {
            relay_->count(i, service_->server().answered(static_cast<DefibRemoteStatus>(i)));
        }
        clock_nanosleep(CLOCK_MONOTONIC, 0, &MOMENT, nullptr);
    }
}

}  // namespace defib::boot
