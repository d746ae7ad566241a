// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a guest's RAM, and what it writes there later: a ring that is found lies inside of
// it, what is asked of it is written to its slots and nowhere else, and it is read within its ends.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "boot/find/identity_for_tests.h"
#include "boot/hook/hook.h"
#include "engine/base/unique_fd.h"

namespace {

using namespace defib;
using boot::FoundRing;
using boot::Hook;

constexpr size_t RAM = 1 << 17;
constexpr size_t FIRST = 0x8000;  // what the bytes fill
constexpr size_t ROOM = 8 * 4096;
constexpr size_t RING_AT = FIRST + 4096;

void must(bool holds) {
    if (!holds) std::abort();
}

struct Machine {
    Machine() : file(memfd_create("ram", 0)) {
        must(ftruncate(file.get(), RAM) == 0);
        memory = static_cast<uint8_t*>(
            mmap(nullptr, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0));
        must(memory != MAP_FAILED);
        // Which stretches hold data is asked when it is opened.
        std::memset(memory + FIRST, 1, ROOM);
        auto opened =
            boot::Target::open("vm:/proc/self/fd/" + std::to_string(file.get()), boot::Access::act);
        must(opened.has_value());
        target = std::move(*opened);
    }

    UniqueFd file;
    uint8_t* memory = nullptr;
    boot::Target target;
};

// Takes the input from its start.
struct Input {
    const uint8_t* data;
    size_t size;

    size_t copy(void* into, size_t wanted) {
        const size_t taken = std::min(size, wanted);
        if (taken != 0) std::memcpy(into, data, taken);
        data += taken;
        size -= taken;
        return taken;
    }
    uint8_t byte() {
        uint8_t one = 0;
        copy(&one, 1);
        return one;
    }
};

// The bytes that make a header worth to be looked at twice.
void make_right(DefibHookHeader& header) {
    std::memcpy(header.magic, DEFIB_HOOK_MAGIC, sizeof header.magic);
    header.version = DEFIB_HOOK_VERSION;
    header.physical = RING_AT;
    header.slots = DEFIB_HOOK_SLOTS;
    header.sum = defib_hook_description_sum(&header);
}

// What of a ring may change by what is asked of it.
bool is_the_engines(const DefibHookHeader& header, size_t offset) {
    return offset - header.engine_at < sizeof(DefibHookEngine) ||
           offset - header.requests_at < sizeof(DefibHookRequest) * header.slots;
}

// The machine's CPUs look as long as the ring is looked for.
Result<Hook> find_beating(Machine& machine, const FoundRing& ring) {
    std::atomic<bool> is_over = !boot::is_serving(ring);
    std::thread cpu([&] {
        auto& beat = *reinterpret_cast<DefibHookBeat*>(ring.memory + ring.header.beats_at);
        while (!is_over) std::atomic_ref(beat.ended)++;
    });
    Result<Hook> hook = fail(DEFIB_ERROR_HOOK_NOT_FOUND, "ring", "it does not serve");
    if (!is_over) {
        hook = Hook::find(machine.target, boot::IdentityForTests::of(machine.target));
    }
    is_over = true;
    cpu.join();
    return hook;
}

// Whatever changed.
void must_be_the_engines(const Machine& machine, const std::vector<uint8_t>& before, size_t ring,
                         const DefibHookHeader& header) {
    constexpr size_t STRETCH = 256;
    for (size_t from = 0; from < RAM; from += STRETCH) {
        if (std::memcmp(before.data() + from, machine.memory + from, STRETCH) == 0) continue;
        for (size_t i = from; i < from + STRETCH; i++) {
            must(before[i] == machine.memory[i] || is_the_engines(header, i - ring));
        }
    }
}

// Asked as long as there is input, which is written into it between: as its kernel would.
void ask_all(Machine& machine, Hook& hook, Input& input) {
    const std::span<std::byte> ring = hook.memory();
    const auto at = static_cast<size_t>(ring.data() - machine.target.memory().bytes().data());
    must(at >= FIRST && at <= RAM && ring.size() <= RAM - at);
    boot::HookRequest request;
    request.kind = input.byte();
    std::vector<uint8_t> before(RAM);
    for (;;) {
        std::memcpy(before.data(), machine.memory, RAM);
        const auto slot = hook.post(request);
        must(!slot || *slot < DEFIB_HOOK_SLOTS);
        must_be_the_engines(machine, before, at, hook.description());
        if (input.size == 0) break;
        uint16_t where = 0;
        input.copy(&where, sizeof where);
        input.copy(ring.data() + where % (ring.size() - sizeof(uint64_t)), sizeof(uint64_t));
        if (slot) hook.answer(*slot);
        hook.beat(input.byte());
    }
    hook.beat(UINT32_MAX);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static Machine machine;
    Input input{data, size};
    const bool is_mended = input.byte() % 2 == 0;
    std::memset(machine.memory, 0, RAM);
    input.copy(machine.memory + FIRST, ROOM);
    if (is_mended) make_right(*reinterpret_cast<DefibHookHeader*>(machine.memory + RING_AT));
    for (const FoundRing& ring : boot::find_rings(machine.target)) {
        if (auto hook = find_beating(machine, ring)) ask_all(machine, *hook, input);
    }
    return 0;
}
