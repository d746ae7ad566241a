// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib-gpu-suite: everything that is to be shown and measured on a machine with a GPU, as a table.
// Where there is none it says so and is content: CI has none.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "tests/gpu/suite.h"

namespace {

using namespace defib;

enum class When : uint8_t { ALWAYS, IF_NAMED };
struct Step {
    const char* name;
    void (*run)(gpu::Suite& suite);
    When when = When::ALWAYS;
};
// The driver takes over a minute for the text.
constexpr Step STEPS[] = {
    {"start", gpu::measure_start},     {"compile", gpu::measure_compilation, When::IF_NAMED},
    {"same", gpu::check_sameness},     {"plans", gpu::check_plans},
    {"mailbox", gpu::measure_mailbox}, {"standing", gpu::check_standing},
    {"acts", gpu::check_acts},         {"paces", gpu::measure_paces},
    {"guard", gpu::check_guarding},    {"appliance", gpu::check_appliance},
    {"crowds", gpu::measure_crowds},   {"soak", gpu::run_soak}};

int fail_with(const Error& error) {
    fmt::print(stderr, "{}\n", to_line(error));
    return exit_status(error.code);
}

int run(gpu::Suite& suite, const std::vector<std::string>& only, const std::string& cubin) {
    std::optional<MappedFile> code;
    if (suite.backend.backend == boot::Backend::cuda) {
        if (const auto driver = boot::cuda::Driver::open(); !driver) {
            fmt::print("skipped: no device ({})\n", to_line(driver.error()));
            return DEFIB_EXIT_DONE;
        }
        const auto claim = boot::cuda::Claim::take(suite.backend.gpu);
        if (!claim) return fail_with(claim.error());
        if (!cubin.empty()) {
            auto file = MappedFile::open(cubin);
            if (!file) return fail_with(file.error());
            code.emplace(std::move(*file));
            const auto* bytes = reinterpret_cast<const char*>(code->bytes().data());
            suite.cubins = {{(*claim)->device().major,
                             (*claim)->device().minor,
                             {bytes, code->bytes().size()}}};
        }
    }
    fmt::print("| what | figure | beside |\n| --- | --- | --- |\n");
    for (const Step& step : STEPS) {
        const bool is_wanted = only.empty() ? step.when == When::ALWAYS
                                            : std::ranges::find(only, step.name) != only.end();
        if (is_wanted) step.run(suite);
    }
    return suite.failures == 0 ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}

}  // namespace

int main(int count, char** arguments) {
    gpu::Suite suite;
    std::string held;
    std::string cubin;
    std::string backend = "cuda";
    std::vector<std::string> only;
    uint64_t idle_s = 60;
    bool is_older = false;
    uint64_t soak_s = 300;
    CLI::App app("what the engine does on a GPU, measured");
    app.add_option("--backend", backend, "cuda, or cpu to try the suite itself")
        ->check(CLI::IsMember({"cuda", "cpu"}));
    app.add_option("--kernel", suite.kernel, "of the guests");
    app.add_option("--victim", suite.victim, "tests/faults/defib-victim");
    app.add_option("--defib", suite.defib, "the program");
    app.add_option("--boot", suite.boot, "for the step appliance: the program defib-boot");
    app.add_option("--image", suite.image, "and a signed image for machine Acme/R1/B1");
    app.add_option("--keys", suite.keys, "and the key set that judges it");
    app.add_option("--fault-module", suite.fault_module, "defib_fault.ko for that kernel");
    app.add_option("--crowds", suite.crowds, "sizes of the crowds, growing")->delimiter(',');
    app.add_option("--idle", idle_s, "seconds of rest to measure");
    app.add_option("--faults", suite.faults, "for the step guard: only these")->delimiter(',');
    app.add_option("--soak", soak_s, "seconds beside a healthy load");
    app.add_option("--only", only, "only these steps: start, compile, same, ...")->delimiter(',');
    app.add_flag("--older-text", is_older, "with the program for cards before Turing");
    app.add_option("--cubin", cubin, "with this machine code in the program's place");
    app.add_option("--hold", held, "holds an engine for this RAM file")->group("");
    CLI11_PARSE(app, count, arguments);
    if (is_older) suite.text = gpu::Text::OLDER;
    suite.idle = std::chrono::seconds(idle_s);
    suite.soak = std::chrono::seconds(soak_s);
    suite.backend.backend = backend == "cuda" ? boot::Backend::cuda : boot::Backend::cpu;
    return held.empty() ? run(suite, only, cubin) : gpu::hold(suite, held);
}
