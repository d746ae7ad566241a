// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a look costs on the twin, at a real guest of 4 GB with many tasks: finding its kernel, and
// the whole list of its threads (30 fields each), 100 to 30,000 of them. Promises: 1000 in under 3
// ms after start, near linear, and the kernel found in under 1.5 s.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

#include "boot/session/session.h"
#include "layouts/extract.h"
#include "tests/lab/guest.h"
#include "tests/look/guest_says.h"

namespace {

using namespace defib;

[[noreturn]] void give_up(const Error& error) {
    std::fprintf(stderr, "%s\n", to_line(error).c_str());
    std::exit(exit_status(error.code));
}

void value_of(const Result<void>& result) {
    if (!result) give_up(result.error());
}

template <class T>
T value_of(Result<T> result) {
    if (!result) give_up(result.error());
    return std::move(*result);
}

// One guest for all, which grows.
class Crowd {
  public:
    Crowd() : guest_(value_of(lab::Guest::boot({.kernel = "6.12", .ram_megabytes = 4096}))) {
        value_of(look::bring_witness(guest_));
        for (const char* limit : {"/proc/sys/kernel/threads-max", "/proc/sys/kernel/pid_max"}) {
            value_of(guest_.write_file(limit, "100000"));
        }
    }

    void grow_to(int64_t count) {
        if (count <= size_) return;
        const std::string more = std::to_string(count - size_);
        value_of(look::start_witness(guest_, {"threads", more}, "all are there"));
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

void BM_Threads(benchmark::State& state) {
    crowd().grow_to(state.range(0));
    const auto session = value_of(boot::Session::start(
        {.target = crowd().target(), .layout = crowd().layout()}, boot::routine_set()));
    size_t seen = 0;
    for (auto _ : state) seen = value_of(session->view("process", "threads")).records.size();
    state.counters["threads"] = static_cast<double>(seen);
    state.counters["each"] = benchmark::Counter(
        static_cast<double>(seen),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_Threads)
    ->Arg(100)
    ->Arg(1000)
    ->Arg(3000)
    ->Arg(10000)
    ->Arg(30000)
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
