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
constexpr uint64_t NS_A_SECOND = 1'000'000'000;

}  // namespace

Result<void> Appliance::open_remote(std::string& said) {
    std::optional<remote::Key> key;
    if (!options_.serve_key.empty()) {
        const auto read = remote::read_key(options_.serve_key);
        if (!read) return std::unexpected(read.error());
        key = *read;
    }
    if (options_.serve.starts_with("shm:") || options_.serve.starts_with("rdma:")) {
        return fail(DEFIB_ERROR_BASE_USAGE, options_.serve, "not an address",
                    "write ADDRESS:PORT; defib run can serve a file, and by RDMA");
    }
    if (options_.serves_memory && options_.target == "host") {
        return fail(DEFIB_ERROR_BASE_USAGE, "--serve-memory", "only of a guest",
                    "this machine's own memory is the engine's alone; defib dump takes it here");
    }
    auto relay = Relay::make(key ? MayAct::yes : MayAct::no);
    if (!relay) return std::unexpected(relay.error());
    relay_.emplace(std::move(*relay));
    auto service = remote::Service::start(
        options_.serve, key,
        [this](DefibRemoteKind kind, const std::string& words) { return answer_(kind, words); },
        options_.serves_memory ? remote::Memory::open : remote::Memory::closed);
    if (!service) return std::unexpected(service.error());
    service_ = std::move(*service);
    const char* who = key ? "to whoever has the key" : "to nobody";
    const char* memory = !options_.serves_memory ? "to nobody"
                         : key                   ? "to whoever has the key"
                                                 : "to whoever asks";
    said = fmt::format("{}, port {}; acting is open {}, memory {}", options_.serve,
                       service_->port(), who, memory);
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

// As the journal's file has them (prepare()).
JournalNames Appliance::names_of_policy(const Manifest& manifest) const {
    JournalNames names;
    for (uint32_t i = 0; policy_ && i < policy_->rule_count; i++) {
        names[{NameOf::rule, i}] = policy_->rules[i].name;
        names[{NameOf::detector, i}] = manifest.routines[policy_->rules[i].detector].name;
    }
    return names;
}

// It has the target's memory only where it is to give it away, and then to read.
Result<void> Appliance::seal_answerer() const {
    const Mapping& memory = target_.memory();
    const Bytes window = memory.bytes();
    seal::Files files = {.log = STDERR_FILENO, .listener = service_->listener()};
    if (options_.serves_memory) {
        if (auto done = seal::forbid_writing(window); !done) return done;
        files.memory = memory.asked_for_data();
    } else if (munmap(const_cast<std::byte*>(window.data()), window.size()) != 0) {
        return fail(DEFIB_ERROR_APPLIANCE_SEAL, "the window", "it cannot be given back");
    }
    if (auto done = seal::forbid_writing(state_->memory()); !done) return done;
    if (auto done = seal::close_other_files(files, CONNECTIONS); !done) return done;
    const auto allowances = seal::answerer_allowances(files);
    return seal::close_doors(allowances);
}

// The whole life of that process.
int Appliance::answer_remotes() {
    // More memory comes from brk() alone: what mmap() can do besides is not for a sealed process.
    mallopt(M_MMAP_MAX, 0);
    const auto session = session_of_answerer();
    answer_ = answers_of(*session,
                         {.names = names_of_policy(session->manifest()),
                          .start_ns = launched_ns_,
                          .manifest = as_text(admission_->image().part(image::PartType::manifest)),
                          .memory = options_.serves_memory ? &target_ : nullptr});
    if (const auto sealed = seal_answerer(); !sealed) {
        std::fprintf(stderr, "defib-boot: %s: %s\n", NAME, to_line(sealed.error()).c_str());
        return EXIT_NOT_SEALED;
    }
    for (;;) {
        const uint64_t next_ns = service_->step(now_ns, state_->mailbox().heartbeat);
        for (size_t i = 0; i < DEFIB_REMOTE_STATUSES; i++) {
            relay_->count(i, service_->server().answered(static_cast<DefibRemoteStatus>(i)));
        }
        const auto until = static_cast<long>(next_ns % NS_A_SECOND);
        const timespec next = {static_cast<time_t>(next_ns / NS_A_SECOND), until};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
    }
}

}  // namespace defib::boot
