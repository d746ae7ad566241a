// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/card_room.h"

#include <memory>

namespace defib::boot::cuda {
namespace {

// NOLINTBEGIN(performance-no-int-to-ptr): addresses of the GPU, which are never followed here.
template <class T>
T* on_card(const DeviceMemory& memory) {
    return reinterpret_cast<T*>(memory.get());
}
// NOLINTEND(performance-no-int-to-ptr)

}  // namespace

Result<CardRoom> CardRoom::make(const ClaimPointer& claim, const Program& program) {
    CardRoom room;
    room.blocks_ = program.blocks - 1;
    room.workers_ = room.blocks_ * program.warps;
    const size_t workers = room.workers_;
    struct {
        size_t size;
        DeviceMemory& place;
    } const all[] = {
        {sizeof(DefibEngine), room.engine_},
        {sizeof(DefibTarget), room.target_},
        {sizeof(DefibJournal), room.journal_},
        {sizeof(DefibResponder), room.responder_},
        {sizeof(DefibTeam), room.team_},
        {workers * sizeof(DefibWorker), room.crew_},
        {size_t{DEFIB_VIEW_OBJECTS} * sizeof(DefibChunk), room.chunks_},
        {size_t{DEFIB_VIEW_OBJECTS} / DEFIB_GROUP_CHUNKS * sizeof(DefibGroup), room.groups_},
        {RECORDS, room.arena_},
        {size_t{DEFIB_POOL_LINES} * 8, room.pool_tags_},
        {size_t{DEFIB_POOL_LINES} * DEFIB_LINE_SIZE, room.pool_words_},
        {workers * static_cast<size_t>(DEFIB_WORKER_RECORDS), room.worker_records_},
        {static_cast<size_t>(DEFIB_OBJECT_ROOM) * 2, room.objects_},
        {size_t{DEFIB_REPLICAS} * DEFIB_REPLICA_RECORDS, room.replica_records_},
    };
    for (const auto& wanted : all) {
        auto made = allocate(claim, wanted.size);
        if (!made) return std::unexpected(made.error());
        wanted.place = std::move(*made);
    }
    return room;
}

Result<void> CardRoom::fill(const ClaimPointer& claim, DefibEngine& engine,
                            const DefibTarget& target, const DefibJournal& journal,
                            const DefibResponder* responder) {
    auto team = std::make_unique<DefibTeam>();
    team->blocks = blocks_;
    team->workers = workers_;
    team->arena = arena_.get();
    team->arena_size = RECORDS;
    team->records = worker_records_.get();
    team->pool = {0, pool_tags_.get(), pool_words_.get()};
    team->crew = on_card<DefibWorker>(crew_);
    team->chunks = on_card<DefibChunk>(chunks_);
    team->groups = on_card<DefibGroup>(groups_);
    engine.target = on_card<DefibTarget>(target_);
    engine.team = on_card<DefibTeam>(team_);
    engine.journal = on_card<DefibJournal>(journal_);
    engine.responder = responder == nullptr ? nullptr : on_card<DefibResponder>(responder_);
    engine.objects = on_card<uint64_t>(objects_);
    engine.replica_records = replica_records_.get();
    struct {
        const DeviceMemory& to;
        const void* from;
        size_t size;
    } const copies[] = {
        {target_, &target, sizeof target},
        {journal_, &journal, sizeof journal},
        {team_, team.get(), sizeof *team},
        {engine_, &engine, sizeof engine},
        {responder_, responder, responder == nullptr ? 0 : sizeof *responder},
    };
    // What a loop before this one left of its workers and of its round numbers would be believed.
    const std::pair<const DeviceMemory&, size_t> cleared[] = {
        {crew_, workers_ * sizeof(DefibWorker)}, {pool_tags_, size_t{DEFIB_POOL_LINES} * 8}};
    for (const auto& [place, size] : cleared) {
        const Status status = claim->api().memory_set(place.get(), 0, size);
        if (status != SUCCESS) return claim->failed(status, "its memory cannot be set");
    }
    for (const auto& copy : copies) {
        if (copy.size == 0) continue;
        if (auto done = to_device(*claim, copy.to.get(), copy.from, copy.size); !done) return done;
    }
    return {};
}

}  // namespace defib::boot::cuda
