// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/hook/forge.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>

namespace defib::hook_test {
namespace {

using namespace std::chrono_literals;

// How many arguments each kind of request has; 0 and the one after the last are no kinds.
#define ARGUMENTS_OF_KIND(name, number, where, arguments, text) arguments,
constexpr uint32_t ARGUMENTS_OF[] = {0, DEFIB_HOOK_KIND_LIST(ARGUMENTS_OF_KIND) 0};
#undef ARGUMENTS_OF_KIND

using Random = std::mt19937_64;

uint32_t one_of(Random& random, size_t count) {
    return static_cast<uint32_t>(random() % count);
}

DefibHookRequest any_words(Random& random) {
    DefibHookRequest request;
    auto* words = reinterpret_cast<uint64_t*>(&request);
    for (size_t i = 0; i < sizeof request / 8; i++) words[i] = random();
    return request;
}

DefibHookRequest well_formed(Random& random, uint64_t load, uint32_t slot) {
    DefibHookRequest request = any_words(random);
    do {
        request.kind = one_of(random, std::size(ARGUMENTS_OF));
    } while (request.kind == DEFIB_HOOK_CRASH);
    request.cpu = one_of(random, 2) != 0 ? DEFIB_HOOK_ANY_CPU : one_of(random, 3);
    request.attempts = one_of(random, 8);
    // Addresses that are near enough to be tried.
    if (one_of(random, 2) != 0) {
        request.arguments[0] = 0xffff'8000'0000'0000 | random() >> 17;
        request.arguments[1] = one_of(random, 16);
    }
    if (request.kind == DEFIB_HOOK_COMPARE_AND_SET) request.arguments[3] = request.arguments[2];
    // A lock that was found free would be taken for real: unaligned ones are refused.
    if (request.kind == DEFIB_HOOK_TRYLOCK || request.kind == DEFIB_HOOK_RELEASE) {
        request.arguments[0] |= 1;
    }
    // Unused arguments are zeros, mostly, so that every kind is done now and then.
    if (one_of(random, 4) != 0) {
        for (uint32_t i = ARGUMENTS_OF[request.kind]; i < DEFIB_HOOK_ARGUMENTS; i++) {
            request.arguments[i] = 0;
        }
    }
    request.sum = defib_hook_request_sum(&request, load, slot);
    return request;
}

}  // namespace

void forge_requests(boot::Hook& hook, uint64_t count, uint64_t seed) {
    Random random(seed);
    const DefibHookHeader& ring = hook.description();
    std::byte* memory = hook.memory().data();
    auto* requests = reinterpret_cast<DefibHookRequest*>(memory + ring.requests_at);
    for (uint64_t round = 0; round < count; round++) {
        const uint32_t slot = one_of(random, ring.slots);
        DefibHookRequest forged =
            one_of(random, 4) == 0 ? any_words(random) : well_formed(random, ring.load, slot);
        const uint32_t sequence = forged.sequence;
        forged.sequence = 0;
        std::memcpy(&requests[slot], &forged, sizeof forged);
        std::atomic_ref(requests[slot].sequence).store(sequence);
        // Let the CPUs see some of them whole; the others are overwritten.
        if (round % 16 == 0) std::this_thread::sleep_for(1ms);
        if (round % 1000 == 500) {
            auto* header = reinterpret_cast<uint64_t*>(memory);
            for (size_t i = 0; i < sizeof(DefibHookHeader) / 8; i++) header[i] = random();
        }
    }
    DefibHookHeader header = ring;
    header.state = DEFIB_HOOK_STATE_SERVING;
    std::memcpy(memory, &header, sizeof header);
}

}  // namespace defib::hook_test
