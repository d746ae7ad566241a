// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a remote sends: the first says whether they are a request in the mailbox, its
// check made good so that what lies behind it is reached, frames to the gateway or to who holds a
// connection for others, or what two sides say to each other about one by RDMA. No command is
// carried out without the key, nothing is written where requests are not, nothing is read outside.
#include <cstdlib>
#include <cstring>

#include "boot/remote/gateway.h"
#include "boot/remote/rdma_wire.h"
#include "boot/remote/server.h"
#include "boot/remote/shared_file.h"

namespace {

using namespace defib;
using namespace defib::boot::remote;

void must(bool holds) {
    if (!holds) std::abort();
}

struct World {
    std::unique_ptr<SharedMailbox> shared = std::move(*SharedMailbox::make_private());
    std::unique_ptr<Server> server;
    uint64_t now = 0;

    World() {
        server = std::move(*Server::start(
            shared->mailbox(), Key{1},
            [](DefibRemoteKind kind, const std::string& words) {
                must(!needs_right(kind));
                must(words.size() <= DEFIB_REMOTE_REQUEST_BYTES);
                return Served{DEFIB_REMOTE_DONE, words + words};
            },
            Memory::open));
    }
    void step() {
        server->step([this] { return now += 1000000000; }, 0);
    }
};

void ask(World& world, const uint8_t* data, size_t size) {
    DefibRemoteRequest request{};
    std::memcpy(&request, data, std::min(size, sizeof request));
    request.check = check_of(request);
    DefibRemoteSlot& slot = world.shared->mailbox().slots[request.number % DEFIB_REMOTE_SLOTS];
    slot.request = request;
    world.step();
    must(slot.answer.size <= DEFIB_REMOTE_ANSWER_BYTES);
}

void talk(World& world, std::span<const uint8_t> bytes, Reach reach) {
    const DefibRemoteHead before = world.shared->mailbox().head;
    const auto memory = own_memory(world.shared->mailbox());
    Conversation conversation(reach);
    while (!bytes.empty()) {
        size_t taken = 0;
        if (!conversation.take(*memory, bytes, taken)) break;
        must(taken != 0);
        bytes = bytes.subspan(taken);
        must(conversation.owed().size() <= MOST_READ + sizeof(Frame));
        conversation.has_sent(conversation.owed().size());
    }
    must(std::memcmp(&before, &world.shared->mailbox().head, sizeof before) == 0);
}

void agree(std::span<const uint8_t> bytes) {
    if (const auto hello = read_hello(bytes)) {
        const Key mac = mac_of_hello(*hello, Nonce{1}, Key{2});
        must(std::memcmp(mac.data(), hello->mac, mac.size()) != 0);
    }
    read_greeting(bytes);
    const auto welcome = read_welcome(bytes);
    if (!welcome) return;
    must(welcome->region_count <= DEFIB_WINDOW_RANGES);
    must(!key_to_write(*welcome, 0, 1));
    for (const RdmaRegion& one : std::span(welcome->regions).first(welcome->region_count)) {
        must(region_of(*welcome, one.physical, one.size) != nullptr);
        must(region_of(*welcome, one.physical, one.size + 1) == nullptr);
        must(one.address + one.size >= one.address);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static World world;
    if (size == 0) return 0;
    const std::span<const uint8_t> rest(data + 1, size - 1);
    switch (data[0] % 4) {
        case 0:
            ask(world, data + 1, size - 1);
            break;
        case 1:
            talk(world, rest, Reach::mailbox);
            world.step();
            break;
        case 2:
            agree(rest);
            break;
        default:
            talk(world, rest, Reach::mailbox_and_memory);
            world.step();
    }
    return 0;
}
