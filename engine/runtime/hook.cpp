// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/hook.h"

#include <stddef.h>

#include "engine/abi/hook_description.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/window.h"

namespace defib::runtime {
namespace {

constexpr uint64_t MS = 1000000;
// A healthy CPU looks each 10 ms; a busy one may be late.
constexpr uint64_t ANSWER_WITHIN_NS = 150 * MS;
// After it did not answer it is left alone for so long, and what it failed at is done by memory.
constexpr uint64_t SILENT_NS = 2000 * MS;
constexpr uint32_t LOOKS = 1000;  // of CPUs that may try: as many as come until it is withdrawn

template <class T>
T read_all(uint64_t at) {
    static_assert(sizeof(T) % 8 == 0);
    T copy = {};
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < sizeof(T) / 8; i++) {
        const uint64_t word = read_volatile(at + uint64_t{i} * 8, 8);
        __builtin_memcpy(reinterpret_cast<char*>(&copy) + uint64_t{i} * 8, &word, sizeof word);
    }
    return copy;
}

uint64_t request_at(const DefibHookLink& hook, uint32_t slot) {
    return hook.ring + hook.requests_at + uint64_t{slot} * sizeof(DefibHookRequest);
}

uint64_t answer_at(const DefibHookLink& hook, uint32_t slot) {
    return hook.ring + hook.answers_at + uint64_t{slot} * sizeof(DefibHookAnswer);
}

uint32_t sequence_of(uint64_t place) {
    return static_cast<uint32_t>(read_volatile(place, 4));
}

// Eight of its characters: a word of the header, and no array that would be a global of the engine.
consteval uint64_t word_of_magic(uint32_t number) {
    uint64_t word = 0;
    for (uint32_t i = 0; i < 8; i++) {
        word |= static_cast<uint64_t>(DEFIB_HOOK_MAGIC[8 * number + i]) << (8 * i);
    }
    return word;
}

bool is_magic(uint64_t ring) {
    return read_volatile(ring, 8) == word_of_magic(0) &&
           read_volatile(ring + 8, 8) == word_of_magic(1);
}

// Whether the memory is still that ring, though it may be about to leave.
bool is_its_own(const DefibHookLink& hook) {
    return read_volatile(hook.ring + offsetof(DefibHookHeader, load), 8) == hook.load;
}

// Why the ring cannot be written to now; HOOK: it can.
DefibWay state_of(const DefibHookLink& hook) {
    if (!is_its_own(hook)) return DEFIB_WAY_LEFT;
    const uint64_t state = read_volatile(hook.ring + offsetof(DefibHookHeader, state), 4);
    if (state == DEFIB_HOOK_STATE_PANIC) return DEFIB_WAY_PANICKED;
    const bool serves = state == DEFIB_HOOK_STATE_SERVING && is_magic(hook.ring);
    return serves ? DEFIB_WAY_HOOK : DEFIB_WAY_LEFT;
}

void set_attached(DefibHookLink& hook, uint32_t attached) {
    hook.attached = attached;
    order_all();
    write_volatile(hook.ring + hook.engine_at + offsetof(DefibHookEngine, attached),
                   attached != 0 ? hook.load : 0, 8);
    order_all();
}

// Somebody else's, beside this engine's: what does nothing, nobody waits for.
bool is_used_by_others(const DefibHookLink& hook) {
#pragma clang loop unroll(disable)
    for (uint32_t slot = 0; slot < DEFIB_HOOK_SLOTS; slot++) {
        const uint64_t at = request_at(hook, slot);
        if (sequence_of(at) == sequence_of(answer_at(hook, slot))) continue;
        if (read_volatile(at + offsetof(DefibHookRequest, kind), 4) != DEFIB_HOOK_NOTHING) {
            return true;
        }
    }
    return false;
}

// The last one who waits detaches.
void detach_if_idle(DefibHookLink& hook) {
    if (hook.attached == 0 || hook.waiting != 0) return;
    if (is_used_by_others(hook)) {
        hook.attached = 0;
    } else {
        set_attached(hook, 0);
    }
}

// It is no place to write to any more: not even to detach.
void forget(DefibEngine& engine, DefibWay why, uint64_t now_ns) {
    DefibHookLink& hook = engine.hook;
    hook.ring = 0;
    engine.target->hook = 0;
    hook.waiting = 0;
    hook.attached = 0;
    hook.gone = why;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_HOOK, why, {0, hook.load, 0, 0});
#pragma clang loop unroll(disable)
    for (DefibAsk& ask : hook.asks) {
        if (ask.state != DEFIB_ASK_WAITING) continue;
        ask.state = DEFIB_ASK_FAILED;
        ask.way = why;
    }
}

void write_request(DefibHookLink& hook, uint32_t slot, const DefibAskRecord& ask) {
    const uint64_t at = request_at(hook, slot);
    // 0 says "never used", and a number that the slot has had is no new request.
    do {
        hook.sequence++;
    } while (hook.sequence == 0 || hook.sequence == sequence_of(at) ||
             hook.sequence == sequence_of(answer_at(hook, slot)));
    DefibHookRequest request = {};
    request.sequence = hook.sequence;
    request.kind = ask.kind;
    request.cpu = ask.cpu;
    request.attempts = LOOKS;
    for (uint32_t i = 0; i < DEFIB_HOOK_ARGUMENTS; i++) request.arguments[i] = ask.arguments[i];
    request.sum = defib_hook_request_sum(&request, hook.load, slot);
    struct Words {
        uint64_t word[sizeof(DefibHookRequest) / 8];
    };
    const auto words = __builtin_bit_cast(Words, request);
    // All but the sequence, which is stored last.
    write_volatile(at + 4, request.kind, 4);
#pragma clang loop unroll(disable)
    for (uint32_t i = 1; i < sizeof request / 8; i++) {
        write_volatile(at + uint64_t{i} * 8, words.word[i], 8);
    }
    order_all();
    write_volatile(at, request.sequence, 4);
    order_all();
}

void withdraw(DefibEngine& engine, DefibAsk& ask, DefibWay why, uint64_t now_ns) {
    DefibHookLink& hook = engine.hook;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_ANSWERED, ask.routine,
           {DEFIB_HOOK_STATUS_NONE, ask.kind, now_ns - ask.asked_ns, 0});
    DefibAskRecord nothing = {};
    nothing.kind = DEFIB_HOOK_NOTHING;
    nothing.cpu = DEFIB_HOOK_ANY_CPU;
    if (sequence_of(request_at(hook, ask.slot)) == ask.sequence) {
        write_request(hook, ask.slot, nothing);
    }
    ask.state = DEFIB_ASK_FAILED;
    ask.way = why;
    hook.waiting--;
}

void take_answer(DefibEngine& engine, DefibAsk& ask, uint64_t now_ns) {
    DefibHookLink& hook = engine.hook;
    const uint64_t place = answer_at(hook, ask.slot);
    if (sequence_of(place) == ask.sequence) {
        order_all();
        const auto answer = read_all<DefibHookAnswer>(place);
        ask.state = answer.status == DEFIB_HOOK_STATUS_DONE ? DEFIB_ASK_DONE : DEFIB_ASK_FAILED;
        ask.way = DEFIB_WAY_REFUSED;
        hook.waiting--;
        const uint64_t who = answer.cpu | uint64_t{answer.flags} << 32;
        append(*engine.journal, now_ns, DEFIB_JOURNAL_ANSWERED, ask.routine,
               {answer.status, ask.kind, now_ns - ask.asked_ns, who});
    } else if (now_ns - ask.asked_ns > ANSWER_WITHIN_NS) {
        withdraw(engine, ask, DEFIB_WAY_SILENT, now_ns);
        hook.silent_ns = now_ns + SILENT_NS;
    }
}

// `first`: how many of the routine's arguments OF_EACH puts in front of these.
bool is_for(const DefibAsk& ask, uint32_t routine, const uint64_t* arguments, uint32_t first = 0) {
    if (ask.state == DEFIB_ASK_FREE || ask.routine != routine) return false;
    for (uint32_t i = first; i < DEFIB_ARGUMENTS; i++) {
        if (ask.arguments[i] != arguments[i - first]) return false;
    }
    return true;
}

// One that nobody uses: neither this engine nor whoever else asks that ring.
bool find_slot(const DefibHookLink& hook, uint64_t now_ns, uint32_t& slot) {
    // Two engines that begin at once hardly begin at the same one.
    const auto from = static_cast<uint32_t>(now_ns >> 10);
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < DEFIB_HOOK_SLOTS; i++) {
        slot = (from + i) % DEFIB_HOOK_SLOTS;
        if (sequence_of(request_at(hook, slot)) == sequence_of(answer_at(hook, slot))) return true;
    }
    return false;
}

DefibAsk* find_room(DefibHookLink& hook) {
    DefibAsk* oldest = nullptr;
#pragma clang loop unroll(disable)
    for (DefibAsk& ask : hook.asks) {
        if (ask.state == DEFIB_ASK_FREE) return &ask;
        if (ask.state == DEFIB_ASK_WAITING) continue;
        if (oldest == nullptr || ask.asked_ns < oldest->asked_ns) oldest = &ask;
    }
    return oldest;
}

bool is_same(const DefibAskRecord& one, const DefibAskRecord& other) {
    bool is_one = one.kind == other.kind && one.cpu == other.cpu;
    for (uint32_t i = 0; i < DEFIB_HOOK_ARGUMENTS; i++) {
        is_one = is_one && one.arguments[i] == other.arguments[i];
    }
    return is_one;
}

// Only these are there for routines to ask for; whatever else a bit flipped into.
bool may_be_asked(uint32_t kind) {
    return kind == DEFIB_HOOK_WAKE || kind == DEFIB_HOOK_RELEASE || kind == DEFIB_HOOK_AFFINITY ||
           kind == DEFIB_HOOK_RESCHEDULE;
}

DefibWay put(DefibEngine& engine, uint32_t routine, const uint64_t* arguments,
             const DefibAskRecord& wanted, uint64_t now_ns) {
    DefibHookLink& hook = engine.hook;
    uint32_t slot = 0;
    DefibAsk* ask = find_room(hook);
    if (ask == nullptr || !find_slot(hook, now_ns, slot)) return DEFIB_WAY_FULL;
    write_request(hook, slot, wanted);
    *ask = {DEFIB_ASK_WAITING, routine, slot, hook.sequence, wanted.kind, 0, now_ns, {}};
    for (uint32_t i = 0; i < DEFIB_ARGUMENTS; i++) ask->arguments[i] = arguments[i];
    hook.waiting++;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_ASKED, routine,
           {wanted.kind, wanted.arguments[0], wanted.arguments[1], slot});
    return DEFIB_WAY_HOOK;
}

}  // namespace

bool use_hook(DefibEngine& engine, uint64_t physical, uint64_t now_ns) {
    DefibHookLink& hook = engine.hook;
    poll_hook(engine, now_ns);
#pragma clang loop unroll(disable)
    for (DefibAsk& ask : hook.asks) {
        if (ask.state == DEFIB_ASK_WAITING) withdraw(engine, ask, DEFIB_WAY_LEFT, now_ns);
        ask.state = DEFIB_ASK_FREE;
    }
    if (hook.ring != 0 && is_its_own(hook)) detach_if_idle(hook);
    hook.ring = 0;
    hook.attached = 0;
    engine.target->hook = 0;
    if (physical == 0) return false;
    const uint64_t place = backend_of(engine.target->window, physical, sizeof(DefibHookHeader));
    if (place == 0 || place % 8 != 0) return false;
    const auto header = read_all<DefibHookHeader>(place);
    if (!is_magic(place) || !defib_hook_is_described_rightly(&header)) return false;
    const bool lies_there = header.physical == physical &&
                            backend_of(engine.target->window, physical, header.bytes) == place;
    if (!lies_there || header.state != DEFIB_HOOK_STATE_SERVING) return false;
    hook.ring = place;
    engine.target->hook = physical;
    hook.load = header.load;
    hook.engine_at = header.engine_at;
    hook.requests_at = header.requests_at;
    hook.answers_at = header.answers_at;
    hook.sequence = static_cast<uint32_t>(now_ns >> 10);
    hook.gone = DEFIB_WAY_NONE;
    hook.silent_ns = 0;
    hook.told_ns = 0;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_HOOK, DEFIB_WAY_NONE,
           {physical, header.load, header.sources, 0});
    return true;
}

void poll_hook(DefibEngine& engine, uint64_t now_ns) {
    DefibHookLink& hook = engine.hook;
    if (hook.ring == 0 || hook.waiting == 0) return;
    // What is there to be read is taken first: an answer counts also of a hook that leaves.
    if (!is_its_own(hook)) return forget(engine, DEFIB_WAY_LEFT, now_ns);
#pragma clang loop unroll(disable)
    for (DefibAsk& ask : hook.asks) {
        if (ask.state == DEFIB_ASK_WAITING) take_answer(engine, ask, now_ns);
    }
    detach_if_idle(hook);
    if (hook.waiting == 0) return;
    const DefibWay state = state_of(hook);
    if (state == DEFIB_WAY_HOOK) return;
    // The pages are the hook's for as long as this is attached to them.
    set_attached(hook, 0);
    forget(engine, state, now_ns);
}

DefibWay choose_way(DefibEngine& engine, uint32_t routine, const uint64_t* arguments,
                    uint64_t now_ns) {
    DefibHookLink& hook = engine.hook;
#pragma clang loop unroll(disable)
    for (DefibAsk& ask : hook.asks) {
        const bool has_failed = ask.state == DEFIB_ASK_FAILED || ask.state == DEFIB_ASK_PASSED;
        if (!has_failed || !is_for(ask, routine, arguments)) continue;
        if (now_ns - ask.asked_ns < SILENT_NS) return static_cast<DefibWay>(ask.way);
        ask.state = DEFIB_ASK_FREE;
    }
    if (hook.ring == 0) {
        return hook.gone == DEFIB_WAY_NONE ? DEFIB_WAY_NO_HOOK : static_cast<DefibWay>(hook.gone);
    }
    const DefibWay state = state_of(hook);
    if (state != DEFIB_WAY_HOOK) {
        forget(engine, state, now_ns);
        return state;
    }
    return now_ns < hook.silent_ns ? DEFIB_WAY_SILENT : DEFIB_WAY_HOOK;
}

DefibWay ask_hook(DefibEngine& engine, uint32_t routine, const uint64_t* arguments,
                  const DefibContext& one, const DefibContext& other, uint64_t now_ns) {
    DefibHookLink& hook = engine.hook;
    const uint32_t count = count_asks(one);
    if (count == 0) return DEFIB_WAY_HOOK;
    // Looked at, attached, and looked at again: an unload that began before is seen here, one that
    // begins now sees this, and its pages stay what they are for longer than lies between the two
    // (hook_ring_withdraw() in kernel-hooks/ring.c).
    DefibWay state = state_of(hook);
    if (state == DEFIB_WAY_HOOK) {
        set_attached(hook, 1);
        state = state_of(hook);
        if (state != DEFIB_WAY_HOOK && is_its_own(hook)) set_attached(hook, 0);
    }
    if (state != DEFIB_WAY_HOOK) {
        forget(engine, state, now_ns);
        return state;
    }
    DefibWay way = DEFIB_WAY_HOOK;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count && way == DEFIB_WAY_HOOK; i++) {
        DefibAskRecord wanted = {};
        DefibAskRecord witness = {};
        // A bit of one may have flipped since both were compared.
        const bool is_one = take_ask(one, i, wanted) && take_ask(other, i, witness) &&
                            is_same(wanted, witness) && may_be_asked(wanted.kind);
        way = is_one ? put(engine, routine, arguments, wanted, now_ns) : DEFIB_WAY_OFF;
    }
    detach_if_idle(hook);
    return way;
}

bool is_waiting(const DefibEngine& engine, uint32_t routine, const uint64_t* arguments) {
#pragma clang loop unroll(disable)
    for (const DefibAsk& ask : engine.hook.asks) {
        if (ask.state == DEFIB_ASK_WAITING && is_for(ask, routine, arguments)) return true;
    }
    return false;
}

bool is_undone(const DefibEngine& engine, uint32_t routine, const uint64_t* arguments) {
    const uint32_t first = engine.routines[routine].collector == DEFIB_NO_ROUTINE ? 0 : 1;
#pragma clang loop unroll(disable)
    for (const DefibAsk& ask : engine.hook.asks) {
        const bool waits = ask.state == DEFIB_ASK_WAITING || ask.state == DEFIB_ASK_FAILED;
        if (waits && is_for(ask, routine, arguments, first)) return true;
    }
    return false;
}

void pass_over(DefibEngine& engine, uint32_t routine, const uint64_t* arguments) {
#pragma clang loop unroll(disable)
    for (DefibAsk& ask : engine.hook.asks) {
        if (ask.state == DEFIB_ASK_FAILED && is_for(ask, routine, arguments)) {
            ask.state = DEFIB_ASK_PASSED;
        }
    }
}

void withdraw_undone(DefibEngine& engine, uint32_t undo, const uint64_t* arguments,
                     uint64_t now_ns) {
    if (engine.hook.waiting == 0) return;
    poll_hook(engine, now_ns);
#pragma clang loop unroll(disable)
    for (DefibAsk& ask : engine.hook.asks) {
        if (ask.state != DEFIB_ASK_WAITING || engine.routines[ask.routine].undo != undo) continue;
        if (is_for(ask, ask.routine, arguments)) withdraw(engine, ask, DEFIB_WAY_SILENT, now_ns);
    }
    detach_if_idle(engine.hook);
}

uint32_t count_asks(const DefibContext& context) {
    uint32_t count = 0;
    DefibAskRecord ask;
    while (count < DEFIB_ASKS && take_ask(context, count, ask)) count++;
    return count;
}

bool take_ask(const DefibContext& context, uint32_t number, DefibAskRecord& ask) {
    const DefibRecords& records = context.records;
    uint32_t at = 0;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < records.count && at < records.used; i++) {
        const uint64_t place = records.bytes + at;
        const auto* header = pointer_to<const DefibRecordHeader>(place);
        const bool is_ask = header->kind == DEFIB_RECORD_ASK && header->size == sizeof ask;
        if (is_ask && number-- == 0) {
            ask = read_all<DefibAskRecord>(place + sizeof *header);
            return true;
        }
        at += static_cast<uint32_t>(sizeof *header) + ((header->size + 7) & ~7U);
    }
    return false;
}

}  // namespace defib::runtime
