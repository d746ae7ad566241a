// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/cuda_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "boot/backend/engine_state.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/mailbox.h"
#include "engine/runtime/translate.h"

namespace defib::boot::cuda {
namespace {

using Clock = std::chrono::steady_clock;

// Between two looks of an idle loop at its mailbox: what it costs the bus, against how long a first
// command waits.
constexpr uint32_t IDLE_NS = 20'000;
// A command that is answered at once is waited for; a longer one is slept for.
constexpr std::chrono::microseconds AT_ONCE(200);
constexpr std::chrono::microseconds NAP(100);
constexpr std::chrono::milliseconds LOOK_EVERY(100);
constexpr std::chrono::microseconds A_FEW_TURNS(300);
constexpr std::chrono::seconds TO_START(10);
// What is in hand may have to wait for its deadlines.
constexpr std::chrono::seconds TO_STOP(5);
// Whether the loop turns is looked at so often, and so often what it has written after it wrote.
constexpr uint64_t TEND_EVERY_NS = 1'000'000'000;
constexpr uint64_t TEND_SOON_NS = 50'000'000;

// NOLINTBEGIN(performance-no-int-to-ptr): addresses of the GPU, which are never followed here.
template <class T>
T* on_card(const SharedMemory& memory) {
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

CudaEngine::CudaEngine(ClaimPointer claim, Orders orders)
    : orders_(std::move(orders)), claim_(std::move(claim)) {
    if (orders_.responder != nullptr) {
        responder_ = std::make_unique<DefibResponder>(*orders_.responder);
    }
}

Result<std::unique_ptr<CudaEngine>> CudaEngine::start(ClaimPointer claim, Orders orders) {
    claim->make_current();
    std::unique_ptr<CudaEngine> engine(new CudaEngine(std::move(claim), std::move(orders)));
    for (const auto step : {&CudaEngine::take_pages, &CudaEngine::take_target, &CudaEngine::run}) {
        if (auto done = (*engine.*step)(); !done) return std::unexpected(done.error());
    }
    return engine;
}

Result<void> CudaEngine::take_pages() {
    struct Shared {
        void* pages;
        size_t size;
        SharedMemory& place;
    };
    if (orders_.pages) {
        const Pages& pages = *orders_.pages;
        record_bytes_ = pages.records.capacity;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): records lie at an address by design
        auto* const records = reinterpret_cast<void*>(pages.records.bytes);
        for (const Shared& one : {Shared{pages.mailbox, sizeof(DefibMailbox), mailbox_},
                                  {pages.journal, sizeof(DefibJournal), journal_},
                                  {records, record_bytes_, records_}}) {
            auto had = put(SharedMemory::of(claim_, one.pages, one.size), one.place);
            if (!had) return had;
        }
        return {};
    }
    for (const Shared& one : {Shared{nullptr, sizeof(DefibMailbox), mailbox_},
                              {nullptr, sizeof(DefibJournal), journal_},
                              {nullptr, record_bytes_, records_}}) {
        if (auto made = put(SharedMemory::make(claim_, one.size), one.place); !made) return made;
    }
    return {};
}

// Everything of the card's that lasts as long as the claim.
Result<void> CudaEngine::take_target() {
    auto window = orders_.is_live
                      ? register_window(claim_, orders_.window, orders_.may_write, orders_.backing)
                      : copy_window(claim_, orders_.window, orders_.data);
    if (auto had = put(std::move(window), window_); !had) return had;
    if (orders_.once_registered) {
        if (auto done = orders_.once_registered(); !done) return done;
    }
    if (auto taken = take_program(); !taken) return taken;
    auto room = CardRoom::make(claim_, *program_);
    if (!room) return std::unexpected(room.error());
    room_.emplace(std::move(*room));
    return {};
}

Result<void> CudaEngine::take_program() {
    program_ = orders_.program;
    if (program_ != nullptr) return {};
    auto loaded = load_program(claim_, orders_.code);
    if (!loaded) return std::unexpected(loaded.error());
    program_ = std::make_shared<const Program>(std::move(*loaded));
    return {};
}

// From a state that is as new, but for the journal, which goes on.
Result<void> CudaEngine::run() {
    auto target = std::make_unique<DefibTarget>();
    target->window = window_.window;
    target->map = orders_.map;
    target->binding = orders_.bound.binding;
    runtime::prepare(*target);

    // What was asked of a loop that died is answered by nobody.
    mailbox().done = mailbox().posted;
    mailbox().answer_proof = runtime::proof_of(mailbox().answer, mailbox().done);
    auto engine = std::make_unique<DefibEngine>();
    engine->abi_version = DEFIB_ABI_VERSION;
    engine->mailbox = on_card<DefibMailbox>(mailbox_);
    engine->answered = mailbox().posted;
    engine->published = on_card<DefibJournal>(journal_);
    engine->told = journal().written;
    engine->records = {records_.there(), record_bytes_, 0, 0, 0};
    engine->idle_ns = IDLE_NS;
    const auto& routines = orders_.bound.routines;
    const size_t count = std::min<size_t>(routines.size(), DEFIB_ROUTINES);
    for (size_t i = 0; i < count; i++) engine->routines[i] = routines[i].routine;
    if (auto filled = room_->fill(claim_, *engine, *target, journal(), responder_.get()); !filled) {
        return filled;
    }
    return launch();
}

Result<void> CudaEngine::launch() {
    const DriverApi& api = claim_->api();
    stream_ = Stream();
    CUstream_st* stream = nullptr;
    if (const Status status = api.stream_create(&stream, STREAM_NON_BLOCKING); status != SUCCESS) {
        return claim_->failed(status, "it has no stream left");
    }
    stream_ = Stream(claim_, stream);
    DevicePointer engine = room_->engine();
    void* arguments[] = {&engine};
    mailbox().heartbeat = 0;
    is_told_to_stop_ = false;
    const Status status =
        api.launch(program_->entry, program_->blocks, 1, 1, program_->warps * DEFIB_LANES, 1, 1, 0,
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

bool CudaEngine::wait_for_end() {
    const auto until = Clock::now() + TO_STOP;
    while (claim_->api().stream_query(stream_.get()) == NOT_READY) {
        if (Clock::now() > until) return false;
        std::this_thread::sleep_for(NAP);
    }
    runs_ = false;
    return true;
}

CudaEngine::~CudaEngine() {
    if (claim_ == nullptr) return;
    claim_->make_current();
    if (!runs_) return;
    tell_to_stop();
    wait_for_end();
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

Result<void> CudaEngine::guard(const DefibResponder& responder) {
    claim_->make_current();
    tell_to_stop();
    if (!wait_for_end()) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, claim_->device().id(), "it does not stop");
    }
    responder_ = std::make_unique<DefibResponder>(responder);
    return run();
}

// In memory that both see: asking the driver costs more, and may wake a thread of its own.
bool CudaEngine::beats() const {
    const auto& mailbox = *static_cast<const DefibMailbox*>(mailbox_.here());
    const uint64_t before = __atomic_load_n(&mailbox.heartbeat, __ATOMIC_ACQUIRE);
    std::this_thread::sleep_for(A_FEW_TURNS);
    return __atomic_load_n(&mailbox.heartbeat, __ATOMIC_ACQUIRE) != before;
}

Result<Tended> CudaEngine::tend() {
    if (is_told_to_stop_ || !beats()) {
        claim_->make_current();
        const Status status = claim_->api().stream_query(stream_.get());
        if (status != NOT_READY) {
            runs_ = false;
            if (status == SUCCESS && is_told_to_stop_) return Tended{.has_stopped = true};
            return dead(status);
        }
    }
    const uint64_t written = __atomic_load_n(&journal().written, __ATOMIC_ACQUIRE);
    const bool is_news = written != tended_to_ || is_told_to_stop_;
    tended_to_ = written;
    return Tended{.again_ns = now_ns() + (is_news ? TEND_SOON_NS : TEND_EVERY_NS)};
}

void CudaEngine::tell_to_stop() {
    DefibCommand stop{};
    stop.kind = DEFIB_COMMAND_STOP;
    runtime::post(mailbox(), stop);
    is_told_to_stop_ = true;
}

// Everything of the card's, and the context that a fault has spoiled.
void CudaEngine::let_go() {
    stream_ = Stream();
    room_.reset();
    program_.reset();
    orders_.program.reset();
    window_ = SeenWindow();
    for (SharedMemory* memory : {&mailbox_, &journal_, &records_}) memory->unregister();
    claim_.reset();
}

Result<void> CudaEngine::restart() {
    claim_->make_current();
    const std::string id = claim_->device().id();
    if (runs_) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, id, "it runs", "have it stop before it is restarted");
    }
    const bool was_healthy = claim_->api().stream_query(stream_.get()) == SUCCESS;
    auto& journal = *static_cast<DefibJournal*>(journal_.here());
    const auto& last = journal.entries[journal.written % DEFIB_JOURNAL_ENTRIES];
    runtime::append(journal, last.time_ns, DEFIB_JOURNAL_RESTARTED, 0);
    // What the one before had in hand, and had spent of its budgets, went with it: this one looks,
    // and does nothing.
    if (responder_ != nullptr) responder_->policy.mode = DEFIB_MODE_OBSERVE;
    if (was_healthy) return run();

    let_go();
    auto claim = Claim::take(orders_.gpu);
    if (!claim) return std::unexpected(claim.error());
    claim_ = std::move(*claim);
    for (SharedMemory* memory : {&mailbox_, &journal_, &records_}) {
        if (auto done = memory->register_again(claim_); !done) return done;
    }
    if (auto taken = take_target(); !taken) return taken;
    return run();
}

Result<uint64_t> CudaEngine::heartbeat() {
    claim_->make_current();
    const Status status = claim_->api().stream_query(stream_.get());
    if (status != NOT_READY) {
        runs_ = false;
        return dead(status);
    }
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
                       device.has_ecc ? " with ECC" : "", (program_->blocks - 1) * program_->warps);
}

}  // namespace defib::boot::cuda
