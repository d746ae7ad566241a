// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/cuda_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/runtime/loop.h"

namespace defib::boot::cuda {
namespace {

using Clock = std::chrono::steady_clock;

// A view of 65,536 processes with 400 bytes each, and room.
constexpr size_t RECORDS = size_t{64} << 20;
// Between two looks of an idle loop at its mailbox: what it costs the bus, against how long a first
// command waits.
constexpr uint32_t IDLE_NS = 20'000;
// A command that is answered at once is waited for; a longer one is slept for.
constexpr std::chrono::microseconds AT_ONCE(200);
constexpr std::chrono::microseconds NAP(100);
constexpr std::chrono::milliseconds LOOK_EVERY(100);
constexpr std::chrono::seconds TO_START(10);
constexpr std::chrono::seconds TO_STOP(5);

// NOLINTBEGIN(performance-no-int-to-ptr): addresses of the GPU, which are never followed here.
template <class T>
T* on_device(const DeviceMemory& memory) {
    return reinterpret_cast<T*>(memory.get());
}
template <class T>
T* on_device(const SharedMemory& memory) {
    return reinterpret_cast<T*>(memory.there());
}
// NOLINTEND(performance-no-int-to-ptr)

template <class T>
Result<void> put(Result<T> made, T& place) {
    if (!made) return std::unexpected(made.error());
    place = std::move(*made);
    return {};
}

}  // namespace

Result<std::unique_ptr<CudaEngine>> CudaEngine::start(const ClaimPointer& claim,
                                                      std::string_view code, SeenWindow window,
                                                      const DefibKernelMap& map,
                                                      const Bound& bound) {
    claim->make_current();
    std::unique_ptr<CudaEngine> engine(new CudaEngine(claim));
    engine->window_ = std::move(window);
    auto program = load_program(claim, code);
    if (!program) return std::unexpected(program.error());
    engine->program_ = std::move(*program);
    if (auto made = engine->make_room(engine->program_); !made) {
        return std::unexpected(made.error());
    }
    if (auto filled = engine->fill(map, bound); !filled) return std::unexpected(filled.error());
    if (auto launched = engine->launch(); !launched) return std::unexpected(launched.error());
    return engine;
}

Result<void> CudaEngine::make_room(const Program& program) {
    const size_t workers = size_t{program.blocks - 1} * program.warps;
    struct {
        size_t size;
        DeviceMemory& place;
    } const on_gpu[] = {
        {sizeof(DefibEngine), engine_},
        {sizeof(DefibTarget), target_},
        {sizeof(DefibTeam), team_},
        {workers * sizeof(DefibWorker), crew_},
        {size_t{DEFIB_VIEW_OBJECTS} * sizeof(DefibChunk), chunks_},
        {RECORDS, arena_},
        {size_t{DEFIB_POOL_LINES} * 8, pool_tags_},
        {size_t{DEFIB_POOL_LINES} * DEFIB_LINE_SIZE, pool_words_},
        {workers * DEFIB_WORKER_RECORDS, worker_records_},
        {size_t{DEFIB_VIEW_OBJECTS} * 16, objects_},
        {size_t{DEFIB_REPLICAS} * DEFIB_REPLICA_RECORDS, replica_records_},
    };
    for (const auto& wanted : on_gpu) {
        if (auto made = put(allocate(claim_, wanted.size), wanted.place); !made) return made;
    }
    struct {
        size_t size;
        SharedMemory& place;
    } const shared[] = {
        {sizeof(DefibMailbox), mailbox_}, {sizeof(DefibJournal), journal_}, {RECORDS, records_}};
    for (const auto& wanted : shared) {
        auto made = put(SharedMemory::make(claim_, wanted.size), wanted.place);
        if (!made) return made;
    }
    return {};
}

Result<void> CudaEngine::fill(const DefibKernelMap& map, const Bound& bound) {
    auto target = std::make_unique<DefibTarget>(window_.window, map, bound.binding);
    auto team = std::make_unique<DefibTeam>();
    team->blocks = program_.blocks - 1;
    team->workers = team->blocks * program_.warps;
    team->arena = arena_.get();
    team->arena_size = RECORDS;
    team->records = worker_records_.get();
    team->pool = {0, pool_tags_.get(), pool_words_.get()};
    team->crew = on_device<DefibWorker>(crew_);
    team->chunks = on_device<DefibChunk>(chunks_);

    auto engine = std::make_unique<DefibEngine>();
    engine->abi_version = DEFIB_ABI_VERSION;
    engine->target = on_device<DefibTarget>(target_);
    engine->team = on_device<DefibTeam>(team_);
    engine->mailbox = on_device<DefibMailbox>(mailbox_);
    engine->journal = on_device<DefibJournal>(journal_);
    engine->records = {records_.there(), RECORDS, 0, 0, 0};
    engine->objects = on_device<uint64_t>(objects_);
    engine->replica_records = replica_records_.get();
    engine->idle_ns = IDLE_NS;
    const size_t count = std::min<size_t>(bound.routines.size(), DEFIB_ROUTINES);
    for (size_t i = 0; i < count; i++) engine->routines[i] = bound.routines[i].routine;
    const std::pair<DevicePointer, std::pair<const void*, size_t>> copies[] = {
        {target_.get(), {target.get(), sizeof *target}},
        {team_.get(), {team.get(), sizeof *team}},
        {engine_.get(), {engine.get(), sizeof *engine}},
    };
    for (const auto& [to, from] : copies) {
        if (auto done = to_device(*claim_, to, from.first, from.second); !done) return done;
    }
    return {};
}

Result<void> CudaEngine::launch() {
    const DriverApi& api = claim_->api();
    CUstream_st* stream = nullptr;
    if (const Status status = api.stream_create(&stream, STREAM_NON_BLOCKING); status != SUCCESS) {
        return claim_->failed(status, "it has no stream left");
    }
    stream_ = Stream(claim_, stream);
    DevicePointer engine = engine_.get();
    void* arguments[] = {&engine};
    const Status status =
        api.launch(program_.entry, program_.blocks, 1, 1, program_.warps * DEFIB_LANES, 1, 1, 0,
                   stream, arguments, nullptr);
    if (status != SUCCESS) return claim_->failed(status, "the engine does not start");
    runs_ = true;
    const auto until = Clock::now() + TO_START;
    for (;;) {
        const auto beats = heartbeat();
        if (!beats) return std::unexpected(beats.error());
        if (*beats != 0) return {};
        if (Clock::now() > until) {
            return fail(DEFIB_ERROR_BOOT_ENGINE, claim_->device().id(),
                        "the engine was started and does not turn",
                        "see whether another program keeps the GPU busy (nvidia-smi)");
        }
        std::this_thread::sleep_for(NAP);
    }
}

CudaEngine::~CudaEngine() {
    claim_->make_current();
    if (!runs_) return;
    DefibCommand stop{};
    stop.kind = DEFIB_COMMAND_STOP;
    runtime::post(mailbox(), stop);
    const auto until = Clock::now() + TO_STOP;
    while (claim_->api().stream_query(stream_.get()) == NOT_READY && Clock::now() < until) {
        std::this_thread::sleep_for(NAP);
    }
}

Result<DefibAnswer> CudaEngine::carry_out(const DefibCommand& command) {
    claim_->make_current();
    runtime::post(mailbox(), command);
    const auto begun = Clock::now();
    auto look_at = begun + LOOK_EVERY;
    while (!runtime::is_answered(mailbox())) {
        const auto now = Clock::now();
        if (now < begun + AT_ONCE) continue;
        if (now >= look_at) {
            if (const auto beats = heartbeat(); !beats) return std::unexpected(beats.error());
            look_at = now + LOOK_EVERY;
        }
        std::this_thread::sleep_for(NAP);
    }
    DefibAnswer answer = mailbox().answer;
    answer.records.bytes = reinterpret_cast<uint64_t>(records_.here());
    return answer;
}

Result<uint64_t> CudaEngine::heartbeat() {
    claim_->make_current();
    const Status status = claim_->api().stream_query(stream_.get());
    if (status != NOT_READY) return dead(status);
    return __atomic_load_n(&mailbox().heartbeat, __ATOMIC_ACQUIRE);
}

std::unexpected<Error> CudaEngine::dead(Status status) const {
    if (status == SUCCESS) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, claim_->device().id(), "it was told to stop");
    }
    return fail(DEFIB_ERROR_BOOT_ENGINE, claim_->device().id(), claim_->driver().text_of(status),
                "start it again; the kernel log has the GPU's own message (NVRM: Xid)");
}

const DefibJournal& CudaEngine::journal() const {
    return *static_cast<const DefibJournal*>(journal_.here());
}

DefibMailbox& CudaEngine::mailbox() {
    return *static_cast<DefibMailbox*>(mailbox_.here());
}

std::string CudaEngine::name() const {
    const Device& device = claim_->device();
    return fmt::format("{}, compute capability {}.{}, {} MB{}, {} workers", device.id(),
                       device.major, device.minor, device.memory >> 20,
                       device.has_ecc ? " with ECC" : "", (program_.blocks - 1) * program_.warps);
}

}  // namespace defib::boot::cuda
