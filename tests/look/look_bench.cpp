// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a look costs on the twin, at a real guest with many processes: finding its kernel, and the
// whole list of its processes (30 fields each). Promise: 1000 processes in under 3 ms after start.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

#include "boot/session/session.h"
#include "layouts/extract.h"
#include "tests/lab/guest.h"

namespace {

using namespace defib;

[[noreturn]] void give_up(const Error& error) {
    std::fprintf(stderr, "%s\n", to_line(error).c_str());
    std::exit(exit_status(error.code));
}

template <class T>
T value_of(Result<T> result) {
    if (!result) give_up(result.error());
    return std::move(*result);
}

// One guest for all, which grows.
class Crowd {
  public:
    Crowd() : guest_(value_of(lab::Guest::boot({.kernel = "6.12", .ram_megabytes = 2048}))) {}

    void grow_to(int64_t count) {
        const std::string script = "i=0; while [ $i -lt " + std::to_string(count - size_) +
                                   " ]; do sleep 100000 & i=$((i+1)); done; sleep 100000";
        if (count <= size_) return;
        value_of(guest_.start({"sh", "-c", script}));
        const auto seen = guest_.wait_for(
            "processes",
            [&] {
                return guest_
                           .run({"sh", "-c",
                                 "[ $(ls -d /proc/[0-9]* | wc -l) -gt " + std::to_string(count) +
                                     " ]"})
                           .value_or(lab::Outcome{1, {}, {}})
                           .status == 0;
            },
            std::chrono::milliseconds(600'000));
        if (!seen) give_up(seen.error());
        size_ = count;
    }

    std::string target() const { return "vm:" + guest_.ram_file().string(); }
    layouts::Layout layout() const {
        const auto manifest =
            value_of(boot::read_manifest(boot::routine_set().manifest, "manifest"));
        layouts::Wanted wanted = layouts::wanted_by_default();
        boot::want(manifest, wanted);
        layouts::ExtractOptions options;
        options.selection = std::move(wanted);
        return value_of(layouts::extract_layout(guest_.ram_file(), options));
    }

  private:
    lab::Guest guest_;
    int64_t size_ = 0;
};

Crowd& crowd() {
    static Crowd one;
    return one;
}

void BM_FindKernel(benchmark::State& state) {
    const auto target = value_of(boot::Target::open(crowd().target(), boot::Access::look));
    for (auto _ : state) benchmark::DoNotOptimize(boot::find_kernel(target));
}
BENCHMARK(BM_FindKernel)->Unit(benchmark::kMillisecond);

void BM_Processes(benchmark::State& state) {
    crowd().grow_to(state.range(0));
    const auto session = value_of(boot::Session::start(
        {.target = crowd().target(), .layout = crowd().layout()}, boot::routine_set()));
    size_t seen = 0;
    for (auto _ : state) seen = value_of(session->view("process")).records.size();
    state.counters["processes"] = static_cast<double>(seen);
}
BENCHMARK(BM_Processes)->Arg(100)->Arg(1000)->Arg(4000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
