// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The workers' side of the team. A block is told of a job by its first thread, which polls; all
// others wait at the block's barrier, where they cost nothing. Warps then take chunks until none is
// left.
#include "engine/runtime/detect.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/lanes_nvptx64.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/spread.h"
#include "engine/runtime/team_nvptx64.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

// Jobs come in groups: for so long after one the next is looked for nearly without rest.
constexpr uint64_t AWAKE_NS = 100'000;
constexpr uint32_t POLL_NS = 500;
constexpr uint32_t POLL_SOON_NS = 20;

uint32_t thread_of_block() {
    return static_cast<uint32_t>(__nvvm_read_ptx_sreg_tid_x());
}

uint32_t warps_of_block() {
    return static_cast<uint32_t>(__nvvm_read_ptx_sreg_ntid_x()) / DEFIB_LANES;
}

// Block 0 is the loop's.
uint32_t working_block() {
    return static_cast<uint32_t>(__nvvm_read_ptx_sreg_ctaid_x()) - 1;
}

void block_meets() {
    __nvvm_bar_sync(0);
}

template <class T>
T take(T& counter, T count) {
    return __atomic_fetch_add(&counter, count, __ATOMIC_RELAXED);
}

// Looks at the chunk's objects, and puts what they report into the arena.
void look_at(DefibEngine& engine, DefibWorker& me, uint64_t room, uint32_t number) {
    DefibTeam& team = *engine.team;
    const DefibJob& job = team.job;
    DefibRecords records = {room, DEFIB_WORKER_RECORDS, 0, 0, 0};
    DefibSum sum = {};
    const uint32_t first = number * job.chunk;
    const uint32_t end = job.count - first < job.chunk ? job.count : first + job.chunk;
#pragma clang loop unroll(disable)
    for (uint32_t i = first; i < end; i++) run_item(engine, me.context, job, i, records, sum);

    const uint64_t at = take(team.arena_used, uint64_t{records.used});
    if (at > team.arena_size || records.used > team.arena_size - at) {
        records = {0, 0, 0, 0, records.lost + records.count};
    }
    if (records.used != 0) {
        carry_out(me.order, DEFIB_ORDER_COPY, room, team.arena + at, records.used / 8);
    }
    team.chunks[number] = {at, 0, records.used, records.count, records.lost, sum};
    DefibGroup& group = team.groups[number / DEFIB_GROUP_CHUNKS];
    take(group.bytes, records.used);
    take(group.records, records.count);
    take(group.objects, sum.objects);
    if (records.lost != 0) take(group.lost, records.lost);
    if (sum.torn != 0) take(group.torn, sum.torn);
}

void deliver(const DefibTeam& team, DefibWorker& me, uint32_t number) {
    const DefibChunk& chunk = team.chunks[number];
    if (chunk.bytes == 0) return;
    uint64_t to = chunk.to;
    if (team.job.is_placed == 0) {
        carry_out(me.order, DEFIB_ORDER_PLACE, reinterpret_cast<uint64_t>(&team), 0, number);
        to = me.order.to;
    }
    carry_out(me.order, DEFIB_ORDER_COPY, team.arena + chunk.from, team.job.out + to,
              chunk.bytes / 8);
}

// The detector that is this worker's, where it is due. Always the same one: its code stays in the
// multiprocessor's cache.
void look_for_faults(DefibEngine& engine, DefibWorker& me, uint32_t worker, uint64_t room) {
    const DefibTeam& team = *engine.team;
    const uint32_t warps = warps_of_block();
    const uint32_t number = worker % warps * team.blocks + worker / warps;
    if (number >= DEFIB_DETECTORS || (team.job.objects >> number & 1) == 0) return;
    const DefibRecords records = {room, DEFIB_WORKER_RECORDS, 0, 0, 0};
    detect_in(engine, me.context, records, number, engine.detectors[number].arguments,
              team.job.now_ns);
}

void do_job(DefibEngine& engine, uint32_t worker) {
    DefibTeam& team = *engine.team;
    const DefibJob& job = team.job;
    DefibWorker& me = team.crew[worker];
    if (job.kind == DEFIB_JOB_REPLICAS) {
        const uint32_t block = working_block();
        const bool is_mine = thread_of_block() == 0 && block < job.count;
        if (is_mine) run_replica(engine, job.first + block, job.routine, job.arguments);
        return;
    }
    const uint64_t room = team.records + uint64_t{worker} * DEFIB_WORKER_RECORDS;
    if (job.kind == DEFIB_JOB_DETECTORS) return look_for_faults(engine, me, worker, room);
    forget_translations(me.context.cache);
#pragma clang loop unroll(disable)
    for (;;) {
        const uint32_t number = take(team.next, 1U);
        if (uint64_t{number} * job.chunk >= job.count) return;
        if (job.kind == DEFIB_JOB_ITEMS) look_at(engine, me, room, number);
        if (job.kind == DEFIB_JOB_DELIVER) deliver(team, me, number);
    }
}

void wait_for_job(const DefibTeam& team, uint32_t sequence) {
    if (thread_of_block() == 0) {
        const uint64_t until = ticks() + AWAKE_NS;
#pragma clang loop unroll(disable)
        while (read_volatile(reinterpret_cast<uint64_t>(&team.sequence), 4) != sequence) {
            rest(ticks() < until ? POLL_SOON_NS : POLL_NS);
        }
    }
    block_meets();
    // Every thread forgets what its multiprocessor has cached of the last job.
    order_device();
}

void report(DefibTeam& team) {
    // An answer is on its way to memory that others see; the rest stays on this GPU.
    if (team.job.kind == DEFIB_JOB_DELIVER) {
        order_all();
    } else {
        order_device();
    }
    block_meets();
    if (thread_of_block() == 0) take(team.finished, 1U);
}

}  // namespace

void work(DefibEngine& engine) {
    DefibTeam& team = *engine.team;
    const uint32_t worker = working_block() * warps_of_block() + thread_of_block() / DEFIB_LANES;
    DefibWorker& me = team.crew[worker];
    if (lane_of_warp() == 0) {
        me.context.crew = reinterpret_cast<uint64_t>(&me.order);
        me.context.pool = &team.pool;
    }
#pragma clang loop unroll(disable)
    for (uint32_t sequence = 1;; sequence++) {
        wait_for_job(team, sequence);
        if (team.job.kind == DEFIB_JOB_QUIT) return;
        if (lane_of_warp() == 0) {
            do_job(engine, worker);
            dismiss(me.order);
        } else {
            serve(me.order);
        }
        report(team);
    }
}

}  // namespace defib::runtime
