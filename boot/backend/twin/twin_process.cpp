// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/twin/twin_process.h"

#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "boot/seal/seal.h"
#include "engine/runtime/mailbox.h"
#include "engine/runtime/processor.h"

namespace defib::boot {
namespace {

// A command is seen within this, whatever is due.
constexpr uint64_t MOST_REST_NS = 10'000'000;
constexpr uint64_t MOST_START_NS = 5'000'000'000;
constexpr const char* NAME = "the twin's process";

void rest(const DefibTwin& twin, const DefibEngine& engine) {
    const uint64_t until_ns = std::min(twin.next_turn_ns(&engine), now_ns() + MOST_REST_NS);
    const timespec until = {static_cast<time_t>(until_ns / 1'000'000'000),
                            static_cast<long>(until_ns % 1'000'000'000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

Result<void> make_writable(std::span<const Bytes> window) {
    for (const Bytes bytes : window) {
        auto* start = const_cast<std::byte*>(bytes.data());
        if (mprotect(start, bytes.size(), PROT_READ | PROT_WRITE) != 0) {
            return fail(DEFIB_ERROR_APPLIANCE_SEAL, "the window", std::strerror(errno));
        }
    }
    return {};
}

Result<void> seal_engine(const TwinProcess::Window& window) {
    if (auto taken = window.take(); !taken) return taken;
    if (auto done = seal::lock_memory(window.bytes); !done) return done;
    if (auto done = seal::close_other_files({}); !done) return done;
    const auto allowances = seal::engine_allowances();
    return seal::close_doors(allowances);
}

int run(const DefibTwin& twin, DefibEngine& engine, const TwinProcess::Window& window) {
    if (const auto sealed = seal_engine(window); !sealed) {
        std::fprintf(stderr, "defib-boot: %s: %s\n", NAME, to_line(sealed.error()).c_str());
        return EXIT_NOT_SEALED;
    }
    twin.start(&engine, now_ns());
    while (twin.turn(&engine, now_ns())) rest(twin, engine);
    return 0;
}

}  // namespace

TwinProcess::Window TwinProcess::inherited(std::span<const Bytes> bytes, Access access) {
    return {bytes, [bytes, access] {
                return access == Access::act ? make_writable(bytes) : Result<void>();
            }};
}

Result<TwinProcess> TwinProcess::start(const TwinCode& code, EngineState& state,
                                       const Window& window) {
    auto child = Child::start(NAME, [&] { return run(code.entry(), state.engine(), window); });
    if (!child) return std::unexpected(child.error());
    TwinProcess process(std::move(*child));
    const uint64_t deadline = now_ns() + MOST_START_NS;
    while (runtime::read_volatile(reinterpret_cast<uint64_t>(&state.mailbox().heartbeat), 8) == 0) {
        if (auto died = process.child_.how_it_ended()) return std::unexpected(std::move(*died));
        if (now_ns() > deadline) {
            return fail(DEFIB_ERROR_APPLIANCE_ENGINE_DIED, NAME, "its loop does not turn");
        }
        constexpr timespec MOMENT = {0, 200'000};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &MOMENT, nullptr);
    }
    return process;
}

DefibAnswer carry_out_here(const TwinCode& code, EngineState& state, const DefibCommand& command) {
    DefibMailbox& mailbox = state.mailbox();
    if (mailbox.heartbeat == 0) code.entry().start(&state.engine(), now_ns());
    runtime::post(mailbox, command);
    while (!runtime::is_answered(mailbox)) code.entry().turn(&state.engine(), now_ns());
    return mailbox.answer;
}

}  // namespace defib::boot
