// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The loop's side of the team: a job is put down, the workers are told by a number that grows, and
// the last one's report ends the wait. Everything lies in the GPU's memory, so that none of it
// costs the guarded machine anything.
#include "engine/runtime/execute.h"
#include "engine/runtime/lanes_nvptx64.h"
#include "engine/runtime/pool_nvptx64.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/spread.h"
#include "engine/runtime/team_nvptx64.h"

namespace defib::runtime {
namespace {

constexpr uint32_t POLL_NS = 100;
constexpr uint32_t CHUNKS_A_WORKER = 2;

// So many at once that every worker gets something, and no more than it has room for.
uint32_t chunk_size(uint32_t count, uint32_t workers) {
    const uint32_t size = count / (workers * CHUNKS_A_WORKER);
    if (size < 1) return 1;
    return size < DEFIB_CHUNK_ITEMS ? size : DEFIB_CHUNK_ITEMS;
}

}  // namespace

void have_done(DefibTeam& team) {
    team.next = 0;
    team.finished = 0;
    store_release(&team.sequence, team.sequence + 1);
#pragma clang loop unroll(disable)
    while (read_volatile(reinterpret_cast<uint64_t>(&team.finished), 4) != team.blocks) {
        __nvvm_nanosleep(POLL_NS);
    }
    order_all();
}

void spread(DefibEngine& engine, const DefibJob& wanted, DefibRecords& into, DefibSum& sum) {
    DefibTeam& team = *engine.team;
    if (wanted.count == 0) return;
    team.job = wanted;
    team.job.kind = DEFIB_JOB_ITEMS;
    team.job.chunk = chunk_size(wanted.count, team.workers);
    team.arena_used = 0;
    begin_round(team.pool);
    have_done(team);

    const uint32_t left = into.used < into.capacity ? into.capacity - into.used : 0;
    carry_out(team.order, DEFIB_ORDER_ADD_UP, reinterpret_cast<uint64_t>(&team), left, 0);
    DefibChunk all = {};
#pragma clang loop unroll(disable)
    for (const DefibChunk& lane : team.totals) {
        all.bytes += lane.bytes;
        all.records += lane.records;
        all.lost += lane.lost;
        add_up(all.sum, lane.sum);
    }
    team.job.kind = DEFIB_JOB_DELIVER;
    team.job.out = into.bytes + into.used;
    have_done(team);
    into.used += all.bytes;
    into.count += all.records;
    into.lost += all.lost;
    add_up(sum, all.sum);
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
