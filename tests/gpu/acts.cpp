// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Repairs by the GPU, on a guest that runs: two replicas on two multiprocessors, compared,
// committed over the bus; and what the guest makes of it.
#include <fmt/format.h>
#include <signal.h>

#include "engine/routines/views/records.h"
#include "tests/gpu/suite.h"

namespace defib::gpu {
namespace {

constexpr int VICTIMS = 20;

Result<void> kill_some(Suite& suite, lab::Guest& guest) {
    std::vector<pid_t> victims;
    for (int i = 0; i < VICTIMS; i++) {
        const auto pid = guest.start({"sleep", "100000"});
        if (!pid) return std::unexpected(pid.error());
        victims.push_back(*pid);
    }
    auto session = open(suite, guest.ram_file(), suite.backend.backend, boot::Access::act);
    if (!session) return std::unexpected(session.error());
    std::vector<double> all_us;
    int committed = 0;
    int killed = 0;
    for (const pid_t pid : victims) {
        const auto command = signal_command(**session, pid, SIGKILL);
        if (!command) return std::unexpected(command.error());
        DefibAnswer answer{};
        all_us.push_back(ask_us(**session, *command, answer));
        committed += answer.outcome == DEFIB_OUTCOME_COMMITTED ? 1 : 0;
        const auto ended = guest.wait_for_exit(pid, std::chrono::seconds(10));
        killed += ended && ended->status == 128 + SIGKILL ? 1 : 0;
    }
    suite.check(fmt::format("{} processes killed by the engine", VICTIMS), killed == VICTIMS,
                fmt::format("{} plans committed, {} died of it", committed, killed));
    suite.add("command to committed plan (2 replicas, then wake)",
              fmt::format("{:.0f} us", median(all_us)),
              fmt::format("the first one {:.0f} us; the promise: 100 us", all_us.front()));
    tell_figures(suite, **session);
    suite.check("the guest is well", guest.alive(std::chrono::seconds(5)));
    return {};
}

}  // namespace

Result<DefibCommand> signal_command(boot::Session& session, pid_t pid, int number) {
    const auto routine = session.routine_that_is_on("signal");
    if (!routine) return std::unexpected(routine.error());
    const auto seen = session.view("process", "processes");
    if (!seen) return std::unexpected(seen.error());
    for (const boot::SeenRecord& record : seen->records) {
        const auto process = record.as<DefibProcessRecord>(DEFIB_RECORD_PROCESS);
        if (!process || process->pid != pid) continue;
        DefibCommand command{};
        command.kind = DEFIB_COMMAND_ACT;
        command.routine = *routine;
        command.arguments[0] = process->task;
        command.arguments[1] = static_cast<uint64_t>(pid);
        command.arguments[2] = process->start_ns;
        command.arguments[3] = static_cast<uint64_t>(number);
        return command;
    }
    return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, std::to_string(pid), "no such process");
}

void check_acts(Suite& suite) {
    auto guest = lab::Guest::boot({.kernel = suite.kernel});
    if (!guest) return suite.fail_with("a guest", guest.error());
    if (const auto done = kill_some(suite, *guest); !done) suite.fail_with("acts", done.error());
}

}  // namespace defib::gpu
