// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib-gpu-suite: everything that is to be shown and measured on a machine with a GPU, as a table.
// Where there is none it says so and is content: CI has none.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "engine/base/file.h"
#include "tests/gpu/suite.h"

namespace {

using namespace defib;

struct Step {
    const char* name;
    void (*run)(gpu::Suite& suite);
};
constexpr Step STEPS[] = {{"start", gpu::measure_start},     {"same", gpu::check_sameness},
                          {"mailbox", gpu::measure_mailbox}, {"standing", gpu::check_standing},
                          {"acts", gpu::check_acts},         {"crowds", gpu::measure_crowds}};

int run(gpu::Suite& suite, const std::vector<std::string>& only) {
    if (suite.backend.backend == boot::Backend::cuda) {
        if (const auto driver = boot::cuda::Driver::open(); !driver) {
            fmt::print("skipped: no device ({})\n", to_line(driver.error()));
            return DEFIB_EXIT_DONE;
        }
        const auto claim = boot::cuda::Claim::take(suite.backend.gpu);
        if (!claim) {
            fmt::print(stderr, "{}\n", to_line(claim.error()));
            return exit_status(claim.error().code);
        }
    }
    fmt::print("| what | figure | beside |\n| --- | --- | --- |\n");
    for (const Step& step : STEPS) {
        const bool is_wanted = only.empty() || std::ranges::find(only, step.name) != only.end();
        if (is_wanted) step.run(suite);
    }
    return suite.failures == 0 ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}

}  // namespace

int main(int count, char** arguments) {
    gpu::Suite suite;
    std::string held;
    std::string backend = "cuda";
    std::vector<std::string> only;
    uint64_t idle_s = 60;
    CLI::App app("what the engine does on a GPU, measured");
    app.add_option("--backend", backend, "cuda, or cpu to try the suite itself")
        ->check(CLI::IsMember({"cuda", "cpu"}));
    app.add_option("--kernel", suite.kernel, "of the guests");
    app.add_option("--victim", suite.victim, "tests/faults/defib-victim");
    app.add_option("--cubin", suite.cubin, "the engine assembled for this GPU");
    app.add_option("--crowds", suite.crowds, "sizes of the crowds, growing")->delimiter(',');
    app.add_option("--idle", idle_s, "seconds of rest to measure");
    app.add_option("--only", only, "steps: start, same, mailbox, standing, acts, crowds")
        ->delimiter(',');
    app.add_option("--hold", held, "holds an engine for this RAM file")->group("");
    CLI11_PARSE(app, count, arguments);
    suite.idle = std::chrono::seconds(idle_s);
    suite.backend.backend = backend == "cuda" ? boot::Backend::cuda : boot::Backend::cpu;
    if (!suite.cubin.empty()) {
        const auto file = MappedFile::open(suite.cubin);
        if (!file) {
            fmt::print(stderr, "{}\n", to_line(file.error()));
            return exit_status(file.error().code);
        }
        suite.code = as_text(file->bytes());
    }
    return held.empty() ? run(suite, only) : gpu::hold(suite, held);
}
