// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The loop's side of the team: a job is put down, the workers are told by a number that grows, and
// the last one's report ends the wait. Everything lies in the GPU's memory, so that none of it
// costs the guarded machine anything.
#include "engine/runtime/detect.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/lanes_nvptx64.h"
#include "engine/runtime/pool_nvptx64.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/spread.h"
#include "engine/runtime/team_nvptx64.h"

namespace defib::runtime {
namespace {

constexpr uint32_t CHUNKS_A_WORKER = 2;

// So many at once that every worker gets something, and no more than it has room for.
uint32_t chunk_size(uint32_t count, uint32_t workers) {
    const uint32_t size = count / (workers * CHUNKS_A_WORKER);
    if (size < 1) return 1;
    return size < DEFIB_CHUNK_ITEMS ? size : DEFIB_CHUNK_ITEMS;
}

uint32_t chunks_of(const DefibJob& job) {
    return (job.count + job.chunk - 1) / job.chunk;
}

void clear_groups(DefibTeam& team) {
    const uint32_t groups = (chunks_of(team.job) + DEFIB_GROUP_CHUNKS - 1) / DEFIB_GROUP_CHUNKS;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < groups; i++) team.groups[i] = {};
}

}  // namespace

void have_done(DefibTeam& team) {
    team.next = 0;
    team.finished = 0;
    // All of it stays on this GPU: nothing has to be in order for the machine beside it.
    order_device();
    write_volatile(reinterpret_cast<uint64_t>(&team.sequence), team.sequence + 1, 4);
#pragma clang loop unroll(disable)
    while (read_volatile(reinterpret_cast<uint64_t>(&team.finished), 4) != team.blocks) {
    }
    order_device();
}

void spread(DefibEngine& engine, const DefibJob& wanted, DefibRecords& into, DefibSum& sum) {
    DefibTeam& team = *engine.team;
    if (wanted.count == 0) return;
    team.job = wanted;
    team.job.kind = DEFIB_JOB_ITEMS;
    team.job.chunk = chunk_size(wanted.count, team.workers);
    team.job.is_placed = 0;
    team.arena_used = 0;
    clear_groups(team);
    begin_round(team.pool);
    DefibLoopRecord& times = engine.statistics.loop;
    uint64_t begun = ticks();
    const auto lap = [&begun] {
        const uint64_t now = ticks();
        const uint64_t took = now - begun;
        begun = now;
        return took;
    };
    have_done(team);
    times.items += lap();

    const uint32_t left = into.used < into.capacity ? into.capacity - into.used : 0;
    const auto at = reinterpret_cast<uint64_t>(&team);
    carry_out(team.order, DEFIB_ORDER_SUM_UP, at, 0, 0);
    // What does not fit, and why the first torn one was torn, only each chunk can tell.
    if (team.total.bytes > left || team.total.sum.torn != 0) {
        carry_out(team.order, DEFIB_ORDER_ADD_UP, at, left, 0);
        team.job.is_placed = 1;
    }
    times.adding += lap();
    team.job.kind = DEFIB_JOB_DELIVER;
    team.job.out = into.bytes + into.used;
    have_done(team);
    times.delivered += lap();
    const DefibChunk& all = team.total;
    into.used += all.bytes;
    into.count += all.records;
    into.lost += all.lost;
    add_up(sum, all.sum);
}

void run_detectors(DefibEngine& engine, const DueDetectors& due, uint64_t now_ns) {
    DefibTeam& team = *engine.team;
    team.job = {};
    team.job.kind = DEFIB_JOB_DETECTORS;
    team.job.now_ns = now_ns;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < due.count; i++) team.job.objects |= uint64_t{1} << due.numbers[i];
    have_done(team);
}

const DefibContext* outcome_of(DefibEngine& engine, const DueDetectors& due, uint32_t which,
                               uint64_t now_ns) {
    const DefibTeam& team = *engine.team;
    const uint32_t number = due.numbers[which];
    if (number >= team.workers) {
        return detect(engine, number, engine.detectors[number].arguments, now_ns);
    }
    if (routine_of(engine, engine.detectors[number].routine) == nullptr) return nullptr;
    return &team.crew[worker_of(team, number)].context;
}

void run_replicas(DefibEngine& engine, uint32_t first, uint32_t count, uint32_t routine,
                  const uint64_t* arguments) {
    DefibTeam& team = *engine.team;
    team.job = {};
    team.job.kind = DEFIB_JOB_REPLICAS;
    team.job.routine = routine;
    team.job.first = first;
    team.job.count = count;
    for (uint32_t i = 0; i < DEFIB_ARGUMENTS; i++) team.job.arguments[i] = arguments[i];
    have_done(team);
}

}  // namespace defib::runtime
