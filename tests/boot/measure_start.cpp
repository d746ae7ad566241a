// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// measure_start TRUST-FOLDER RUNS: how long defib-boot takes from its exec to the loop armed and
// the process sealed, on a real kernel in a guest; the stages of the median run beside it. A
// guest's RAM is a file: pinning it for a GPU, and the GPU's own start, are not in it.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "tests/boot/appliance_under_test.h"
#include "tests/lab/guest.h"

namespace {

using namespace defib;
using Clock = std::chrono::steady_clock;

struct Run {
    double ms = 0;
    std::string said;
};

Run run_once(const std::string& trust, const std::string& ram) {
    const auto begun = Clock::now();
    boot::Boot boot({"--state", trust + "/state", "--image", trust + "/image", "--target",
                     "vm:" + ram, "--machine", "Acme/R1/B1", "--journal", trust + "/journal",
                     "--keep-oom-score"});
    if (boot.wait_for("armed").empty()) {
        std::fprintf(stderr, "measure_start: %s", boot.said().c_str());
        std::exit(DEFIB_EXIT_ENVIRONMENT);
    }
    const std::chrono::duration<double, std::milli> took = Clock::now() - begun;
    return {took.count(), boot.said()};
}

}  // namespace

int main(int argc, char** argv) {
    const int count = argc == 3 ? std::atoi(argv[2]) : 0;
    if (count <= 0) {
        std::fprintf(stderr, "usage: measure_start TRUST-FOLDER RUNS\n");
        return DEFIB_EXIT_USAGE;
    }
    const auto guest = lab::Guest::boot({.kernel = "6.12"});
    if (!guest) {
        std::fprintf(stderr, "measure_start: %s\n", to_line(guest.error()).c_str());
        return exit_status(guest.error().code);
    }
    std::vector<Run> runs;
    runs.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; i++) runs.push_back(run_once(argv[1], guest->ram_file().string()));
    std::ranges::sort(runs, {}, &Run::ms);
    const Run& median = runs[runs.size() / 2];
    std::printf(
        "start to armed: best %.0f ms, median %.0f ms, worst %.0f ms of %d; the median's "
        "stages:\n%s",
        runs.front().ms, median.ms, runs.back().ms, count, median.said.c_str());
    return DEFIB_EXIT_DONE;
}
