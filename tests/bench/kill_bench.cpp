// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The paper's Fig. 3: a thousand processes killed, asleep and busy, from outside, without and with
// the kernel module's wake-ups, by that module alone, by the guest's own killall, and by another
// module in its kernel. The time is from the first look at the list (of the last two: from their
// start) until the last one is gone from it. One round each: a crowd takes half a minute to gather.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <csignal>
#include <cstring>

#include "boot/commands/look.h"
#include "engine/abi/reason.h"
#include "engine/routines/views/records.h"
#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/hook/hooked_guest.h"

namespace defib {
namespace {

using lab::Clock;

constexpr auto PATIENCE = std::chrono::milliseconds(120'000);
// A plan may give up where its object just changes; who lives on after that long is signalled
// again.
constexpr auto AGAIN = std::chrono::milliseconds(1000);

struct Crowd {
    std::optional<lab::Guest> guest;
    std::unique_ptr<boot::Session> session;
    faults::Injection injection;
    std::string name;
    std::optional<hook_test::HookedGuest> hooked;
};

enum class Module : uint8_t { absent, loaded };

// The session's engine asks the module where it is there.
Result<void> load_hook(Crowd& crowd) {
    auto hooked = hook_test::HookedGuest::load(*crowd.guest, "");
    if (!hooked) return std::unexpected(hooked.error());
    crowd.hooked = std::move(*hooked);
    const auto found = crowd.session->find_hook(std::chrono::milliseconds(2'000));
    if (!found) return std::unexpected(found.error());
    if (*found) return {};
    return fail(DEFIB_ERROR_HOOK_NOT_FOUND, "kill_bench", "no ring beats");
}

std::optional<Crowd> gather(benchmark::State& state, const char* kernel, const char* fault,
                            Module module) {
    const auto give_up = [&](const Error& error) {
        state.SkipWithError(to_line(error).c_str());
        return std::nullopt;
    };
    Crowd crowd;
    auto guest = lab::Guest::boot(faults::guest_for(*faults::find(fault), kernel));
    if (!guest) return give_up(guest.error());
    crowd.guest = std::move(*guest);
    boot::LookArguments look;
    look.target = "vm:" + crowd.guest->ram_file().string();
    auto session = boot::open_session(look, boot::Access::act);
    if (!session) return give_up(session.error());
    crowd.session = std::move(*session);
    if (module == Module::loaded) {
        if (const auto done = load_hook(crowd); !done) return give_up(done.error());
    }
    auto injection = faults::inject(*crowd.guest, fault);
    if (!injection) return give_up(injection.error());
    crowd.injection = *injection;
    const auto seen = faults::wait_for_symptom(*crowd.guest, crowd.injection);
    if (!seen) return give_up(seen.error());
    crowd.name = std::string(fault) == "crowd_busy" ? "v-crowd-busy" : "v-crowd-asleep";
    return crowd;
}

// Not their parent, which waits for them all.
std::vector<DefibProcessRecord> members(Crowd& crowd) {
    std::vector<DefibProcessRecord> all;
    const auto seen = crowd.session->view("process", "processes");
    if (!seen) return all;
    for (const boot::SeenRecord& record : seen->records) {
        const auto one = record.as<DefibProcessRecord>(DEFIB_RECORD_PROCESS);
        if (one && one->pid != crowd.injection.programs.front() &&
            crowd.name.starts_with(std::string(one->comm, strnlen(one->comm, sizeof one->comm)))) {
            all.push_back(*one);
        }
    }
    return all;
}

Result<void> kill_from_outside(Crowd& crowd) {
    boot::Session& session = *crowd.session;
    const uint32_t signal = session.manifest().number_of("signal").value();
    const uint32_t wake = session.manifest().number_of("wake_signalled").value();
    auto left = members(crowd);
    const auto arguments = [](const DefibProcessRecord& one) {
        return std::array<uint64_t, 4>{one.task, static_cast<uint64_t>(one.pid), one.start_ns,
                                       SIGKILL};
    };
    const auto start = Clock::now();
    for (auto sent = start; !left.empty();) {
        if (sent == start || Clock::now() - sent > AGAIN) {
            for (const auto& one : left) session.act(signal, arguments(one));
            sent = Clock::now();
        }
        if (Clock::now() - start > PATIENCE) {
            return fail(DEFIB_ERROR_LAB_NO_ANSWER, "kill_bench", "not all ended");
        }
        std::erase_if(left, [&](const DefibProcessRecord& one) {
            return session.observe(signal, arguments(one)) == DEFIB_EFFECT_THERE;
        });
        for (const auto& one : left) session.act(wake, arguments(one));
    }
    return {};
}

// As many at once as the ring has slots.
Result<void> kill_by_hook(Crowd& crowd) {
    boot::Hook& hook = crowd.hooked->hook();
    hook.set_period(std::chrono::milliseconds(1));
    for (const auto& one : members(crowd)) {
        boot::HookRequest request{.kind = DEFIB_HOOK_SIGNAL, .attempts = 1000};
        request.arguments = {one.task, static_cast<uint64_t>(one.pid), one.start_ns, SIGKILL};
        const auto start = Clock::now();
        auto slot = hook.post(request);
        while (!slot) {
            for (uint32_t each = 0; each < DEFIB_HOOK_SLOTS; each++) hook.answer(each);
            if (Clock::now() - start > PATIENCE) return std::unexpected(slot.error());
            slot = hook.post(request);
        }
    }
    return {};
}

Result<void> killall(Crowd& crowd) {
    if (auto sent = crowd.guest->start({"killall", "-9", crowd.name}); !sent)
        return std::unexpected(sent.error());
    return {};
}

Result<void> kill_by_module(Crowd& crowd) {
    return crowd.guest->write_file("/sys/module/defib_fault/parameters/kill_children",
                                   std::to_string(crowd.injection.programs.front()));
}

struct Way {
    const char* name;
    Result<void> (*kill)(Crowd& crowd);
    Module module = Module::absent;
};
constexpr Way WAYS[] = {{"from_outside", kill_from_outside},
                        {"from_outside_woken_by_hook", kill_from_outside, Module::loaded},
                        {"hook", kill_by_hook, Module::loaded},
                        {"killall_in_it", killall},
                        {"module_in_it", kill_by_module}};

void measure(benchmark::State& state, const char* kernel, const char* fault, const Way& way) {
    for (auto _ : state) {
        auto crowd = gather(state, kernel, fault, way.module);
        if (!crowd) return;
        const auto start = Clock::now();
        if (const auto sent = way.kill(*crowd); !sent)
            return state.SkipWithError(to_line(sent.error()).c_str());
        while (!members(*crowd).empty()) {
            if (Clock::now() - start > PATIENCE) return state.SkipWithError("not all ended");
        }
        state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
    }
}

void declare() {
    for (const char* kernel : {"6.1", "6.12"}) {
        for (const char* fault : {"crowd_asleep", "crowd_busy"}) {
            for (const Way& way : WAYS) {
                const auto name = fmt::format("kill/{}/{}/{}", kernel, fault, way.name);
                benchmark::RegisterBenchmark(
                    name.c_str(),
                    [=, &way](benchmark::State& state) { measure(state, kernel, fault, way); })
                    ->Iterations(1)
                    ->UseManualTime()
                    ->Unit(benchmark::kMillisecond);
            }
        }
    }
}

}  // namespace
}  // namespace defib

int main(int argc, char** argv) {
    defib::declare();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
