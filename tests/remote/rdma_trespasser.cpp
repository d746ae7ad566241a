// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A remote that has an RDMA connection to a guard, and reads and writes what it was not given. Each
// try is made over a connection of its own; says of each whether the adapter there has refused it.
#include <cstddef>
#include <cstdio>
#include <vector>

#include "boot/remote/rdma_way.h"

namespace {

using namespace defib;
using namespace defib::boot::remote;

enum class Try : uint8_t { read, write };
struct Trespass {
    const char* what;
    Try how;
    RdmaPlace (*place)(const RdmaWelcome&);
    uint32_t size;
};

constexpr uint64_t REQUEST = offsetof(DefibRemoteMailbox, slots);
constexpr uint32_t WORD = 8;

// Of the first slot's request, whose key is the first.
constexpr Trespass TRESPASSES[] = {
    {"write: the head, by the key to read", Try::write,
     [](const RdmaWelcome& told) { return RdmaPlace{told.mailbox, told.mailbox_key}; }, WORD},
    {"write: the head, by the key of a request", Try::write,
     [](const RdmaWelcome& told) { return RdmaPlace{told.mailbox, told.request_keys[0]}; }, WORD},
    {"write: from a request on into its answer", Try::write,
     [](const RdmaWelcome& told) {
         return RdmaPlace{told.mailbox + REQUEST, told.request_keys[0]};
     },
     sizeof(DefibRemoteRequest) + WORD},
    {"write: another slot, by this one's key", Try::write,
     [](const RdmaWelcome& told) {
         return RdmaPlace{told.mailbox + REQUEST + sizeof(DefibRemoteSlot), told.request_keys[0]};
     },
     WORD},
    {"read: a request, by the key to write it", Try::read,
     [](const RdmaWelcome& told) {
         return RdmaPlace{told.mailbox + REQUEST, told.request_keys[0]};
     },
     WORD},
    {"read: behind the mailbox", Try::read,
     [](const RdmaWelcome& told) {
         return RdmaPlace{told.mailbox + sizeof(DefibRemoteMailbox), told.mailbox_key};
     },
     WORD},
    {"read: a key that nobody was given", Try::read,
     [](const RdmaWelcome& told) { return RdmaPlace{told.mailbox, told.mailbox_key + (1U << 8)}; },
     WORD},
    {"write: the target's memory", Try::write,
     [](const RdmaWelcome& told) {
         return RdmaPlace{told.regions[0].address, told.regions[0].key};
     },
     WORD},
};

bool is_refused(const std::string& where, const Trespass& one) {
    std::vector<uint8_t> buffer(1U << 16);
    const auto way = RdmaWay::connect(where, std::nullopt, buffer);
    if (!way) {
        std::printf("no connection: %s\n", to_line(way.error()).c_str());
        return false;
    }
    const RdmaPlace allowed = {(*way)->welcome().mailbox, (*way)->welcome().mailbox_key};
    if (!(*way)->read(allowed, WORD)) return false;
    const RdmaPlace place = one.place((*way)->welcome());
    const auto done =
        one.how == Try::read ? (*way)->read(place, one.size) : (*way)->write(place, one.size);
    std::printf("%s: %s\n", one.what, done ? "DONE" : to_line(done.error()).c_str());
    return !done && to_line(done.error()).contains("refuses");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return DEFIB_EXIT_USAGE;
    bool are_all_refused = true;
    for (const Trespass& one : TRESPASSES) are_all_refused &= is_refused(argv[1], one);
    return are_all_refused ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}
