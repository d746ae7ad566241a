// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The suite for a machine with a GPU: what the engine does there, beside what the machine can do at
// most, as rows of a table. Every step opens its own target and leaves nothing behind.
#ifndef DEFIB_TESTS_GPU_SUITE_H
#define DEFIB_TESTS_GPU_SUITE_H

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "boot/backend/cuda/cuda_engine.h"
#include "boot/session/session.h"
#include "tests/lab/guest.h"

namespace defib::gpu {

struct Row {
    std::string what;
    std::string figure;
    std::string beside;  // the limit, or what it is compared with
};

// Which of the engine's programs: the one that the card would get, or the one for older cards,
// which newer ones run too.
enum class Text : uint8_t { OWN, OLDER };

struct Suite {
    std::string kernel = "6.1";
    std::string victim;               // the program that becomes a crowd
    std::string defib;                // the program itself
    std::string boot;                 // defib-boot,
    std::string image;                // a signed image for machine Acme/R1/B1,
    std::string keys;                 // and the key set that judges it
    std::string fault_module;         // defib_fault.ko for the guests' kernel; empty: it is built
    std::vector<uint32_t> crowds;     // processes, growing
    std::vector<std::string> faults;  // of tests/faults, for `guard`; empty: all of its own
    std::chrono::seconds idle{60};
    std::chrono::seconds soak{300};
    boot::BackendChoice backend{.backend = boot::Backend::cuda};
    Text text = Text::OWN;
    std::vector<boot::cuda::Cubin> cubins;  // instead of the program's own, to compare two of them
    std::vector<Row> rows;
    int failures = 0;

    void add(std::string what, std::string figure, std::string beside = {});
    // A row that says yes or no, and counts a no.
    void check(std::string what, bool is_so, std::string beside = {});
    void fail_with(const std::string& what, const Error& error);
};

using SessionPointer = std::unique_ptr<boot::Session>;
Result<SessionPointer> open(const Suite& suite, const std::string& ram_file, boot::Backend backend,
                            boot::Access access = boot::Access::look);
// The same with other routines than the program's own.
Result<SessionPointer> open_with(const Suite& suite, const boot::RoutineSet& set,
                                 const std::string& ram_file, boot::Backend backend,
                                 boot::Access access = boot::Access::look);
// A list of twelve fields, `brief`, and what collects processes (brief.cpp). Only for a GPU.
boot::RoutineSet brief_set();
// The engine's own mailbox where it is a GPU's; null on the twin.
boot::cuda::CudaEngine* gpu_of(boot::Session& session);

// One command, answered as fast as it is: no nap in between. Microseconds.
double ask_us(boot::Session& session, const DefibCommand& command, DefibAnswer& answer);
Result<DefibCommand> view_command(const boot::Session& session, std::string_view view,
                                  std::string_view collector);
// The signal as `defib act` gives it, to the process that has that number now.
Result<DefibCommand> signal_command(boot::Session& session, pid_t pid, int number);
double median(std::vector<double> figures);
// What the engine says of itself, a row for each of its loop's figures that it counted.
void tell_figures(Suite& suite, boot::Session& session);

void measure_start(Suite& suite);
void measure_compilation(Suite& suite);
void check_sameness(Suite& suite);
void check_acts(Suite& suite);
void measure_paces(Suite& suite);
void measure_crowds(Suite& suite);
void measure_mailbox(Suite& suite);
void check_plans(Suite& suite);
void check_standing(Suite& suite);
void check_guarding(Suite& suite);
void check_appliance(Suite& suite);
void run_soak(Suite& suite);
// The programs and the module of tests/faults, out of the bundle: the tree is not there.
Result<void> bring_faults(const Suite& suite, lab::Guest& guest);
// The child of check_standing(): holds an engine until its input ends or SIGTERM comes.
int hold(const Suite& suite, const std::string& ram_file);

}  // namespace defib::gpu

#endif
