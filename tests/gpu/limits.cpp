// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/gpu/limits.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "engine/base/embedded.h"
#include "tests/gpu/limits_abi.h"

DEFIB_EMBED(defib_limits_ptx, DEFIB_LIMITS_PTX);

namespace defib::gpu {
namespace {

using namespace boot::cuda;
using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point begun) {
    return std::chrono::duration<double, std::micro>(Clock::now() - begun).count();
}

LimitsMemory spans_of(const DefibWindow& window, const DefibKernelMap& map) {
    LimitsMemory memory{};
    for (uint32_t i = 0; i < map.linear_count; i++) {
        const DefibLinear& linear = map.linear[i];
        for (uint32_t j = 0; j < window.count && memory.count < std::size(memory.spans); j++) {
            const DefibRange& range = window.ranges[j];
            const uint64_t from = std::max(linear.physical, range.physical);
            const uint64_t end =
                std::min(linear.physical + linear.size, range.physical + range.size);
            if (from >= end) continue;
            memory.spans[memory.count++] = {linear.first + (from - linear.physical), end - from,
                                            range.backend + (from - range.physical)};
        }
    }
    return memory;
}

}  // namespace

Result<Limits> Limits::start(const ClaimPointer& claim) {
    Limits limits(claim);
    CUmod_st* module = nullptr;
    Status status = claim->api().module_load(&module, defib_limits_ptx_begin, 0, nullptr, nullptr);
    if (status != SUCCESS) return claim->failed(status, "the programs of the limits do not load");
    limits.module_ = Module(claim, module);
    CUstream_st* stream = nullptr;
    status = claim->api().stream_create(&stream, STREAM_NON_BLOCKING);
    if (status != SUCCESS) return claim->failed(status, "no stream");
    limits.stream_ = Stream(claim, stream);
    return limits;
}

Result<double> Limits::run_us(const char* name, unsigned blocks, unsigned threads,
                              void** arguments) const {
    const DriverApi& api = claim_->api();
    CUfunc_st* function = nullptr;
    Status status = api.module_get_function(&function, module_.get(), name);
    const auto begun = Clock::now();
    if (status == SUCCESS) {
        status =
            api.launch(function, blocks, 1, 1, threads, 1, 1, 0, stream_.get(), arguments, nullptr);
    }
    if (status == SUCCESS) status = api.stream_synchronize(stream_.get());
    if (status != SUCCESS) return claim_->failed(status, name);
    return us_since(begun);
}

Result<double> Limits::chunks_a_second(const DefibWindow& window, uint32_t bytes) const {
    constexpr unsigned BLOCKS = 64;
    constexpr unsigned THREADS = 256;
    const DefibRange* largest = &window.ranges[0];
    for (uint32_t i = 1; i < window.count; i++) {
        if (window.ranges[i].size > largest->size) largest = &window.ranges[i];
    }
    auto sink = allocate(claim_, 8);
    if (!sink) return std::unexpected(sink.error());
    const uint32_t groups = BLOCKS * THREADS / std::min(bytes / 16, 32U);
    double best_us = 0;
    for (uint32_t rounds : {8U, 256U}) {  // the first one warms up
        uint64_t base = largest->backend;
        uint64_t size = largest->size;
        uint64_t to = sink->get();
        void* arguments[] = {&base, &size, &bytes, &rounds, &to};
        const auto took = run_us("limits_chunks", BLOCKS, THREADS, arguments);
        if (!took) return std::unexpected(took.error());
        best_us = *took / rounds;
    }
    return groups / best_us * 1e6;
}

Result<Limits::Walk> Limits::walk(const DefibWindow& window, const DefibKernelMap& map,
                                  uint64_t first, uint64_t field_offset) const {
    const LimitsMemory spans = spans_of(window, map);
    auto memory = allocate(claim_, sizeof spans);
    if (!memory) return std::unexpected(memory.error());
    auto result = SharedMemory::make(claim_, sizeof(LimitsWalk));
    if (!result) return std::unexpected(result.error());
    if (auto done = to_device(*claim_, memory->get(), &spans, sizeof spans); !done) {
        return std::unexpected(done.error());
    }
    uint64_t from = memory->get();
    uint64_t to = result->there();
    uint32_t most = 1'000'000;
    void* arguments[] = {&from, &first, &field_offset, &most, &to};
    Walk walk;
    for (int run = 0; run < 2; run++) {  // the first one warms up
        const auto took = run_us("limits_walk", 1, 1, arguments);
        if (!took) return std::unexpected(took.error());
        walk = {static_cast<const LimitsWalk*>(result->here())->count, *took};
    }
    return walk;
}

Result<std::vector<LimitsPace>> Limits::paces() const {
    auto card = allocate(claim_, 4096);
    if (!card) return std::unexpected(card.error());
    auto host = SharedMemory::make(claim_, 4096);
    if (!host) return std::unexpected(host.error());
    auto result = SharedMemory::make(claim_, LIMITS_PACES * sizeof(LimitsPace));
    if (!result) return std::unexpected(result.error());
    const Status status = claim_->api().memory_set(card->get(), 0, 4096);
    if (status != SUCCESS) return claim_->failed(status, "limits_paces");
    uint64_t mine = card->get();
    uint64_t theirs = host->there();
    uint64_t to = result->there();
    void* arguments[] = {&mine, &theirs, &to};
    for (int run = 0; run < 2; run++) {  // the first one warms up
        const auto took = run_us("limits_paces", 1, 1, arguments);
        if (!took) return std::unexpected(took.error());
    }
    const auto* paces = static_cast<const LimitsPace*>(result->here());
    return std::vector<LimitsPace>(paces, paces + LIMITS_PACES);
}

Result<double> Limits::round_trip_us() const {
    constexpr uint64_t TRIPS = 2000;
    const DriverApi& api = claim_->api();
    auto words = SharedMemory::make(claim_, 4096);
    if (!words) return std::unexpected(words.error());
    CUfunc_st* function = nullptr;
    Status status = api.module_get_function(&function, module_.get(), "limits_echo");
    uint64_t to = words->there();
    void* arguments[] = {&to};
    if (status == SUCCESS) {
        status = api.launch(function, 1, 1, 1, 1, 1, 1, 0, stream_.get(), arguments, nullptr);
    }
    if (status != SUCCESS) return claim_->failed(status, "limits_echo");
    auto* word = static_cast<uint64_t*>(words->here());
    std::vector<double> trips;
    for (uint64_t trip = 1; trip <= TRIPS; trip++) {
        const auto begun = Clock::now();
        __atomic_store_n(word, trip, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(word + 16, __ATOMIC_ACQUIRE) != trip) {
            if (us_since(begun) > 5e6) return claim_->failed(status, "no echo within 5 s");
        }
        trips.push_back(us_since(begun));
    }
    __atomic_store_n(word, ~uint64_t{0}, __ATOMIC_SEQ_CST);
    status = api.stream_synchronize(stream_.get());
    if (status != SUCCESS) return claim_->failed(status, "limits_echo");
    std::ranges::nth_element(trips, trips.begin() + TRIPS / 2);
    return trips[TRIPS / 2];
}

}  // namespace defib::gpu
