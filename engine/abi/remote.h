// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The remote mailbox: memory in which another machine asks and an engine answers. The other side
// only reads and writes it, as RDMA does; nothing of it runs here, and no CPU of the target is
// needed where the engine is on a GPU.
//
// A remote fills a slot's request, and writes its number last. The engine's side copies the request
// before it looks at it, checks it, answers, and writes `completed` last. What the remote must not
// write it may write all the same, where its transport cannot forbid it: so the engine's side never
// reads its own words back from here.
//
// Frozen once released: old remotes must be understood.
#ifndef DEFIB_ENGINE_ABI_REMOTE_H
#define DEFIB_ENGINE_ABI_REMOTE_H

#include <stdint.h>

#include "engine/abi/mailbox.h"

#define DEFIB_REMOTE_MAGIC 0x31544d5242464544ull  // "DEFBRMT1"
#define DEFIB_REMOTE_VERSION 2u
#define DEFIB_REMOTE_SLOTS 4u
#define DEFIB_REMOTE_REQUEST_BYTES 1024u
#define DEFIB_REMOTE_ANSWER_BYTES (1u << 20)
#define DEFIB_REMOTE_MAC_BYTES 32u
#define DEFIB_REMOTE_NONCE_BYTES 32u

// X(NAME, number, "for people"): what is asked for.
// clang-format off
#define DEFIB_REMOTE_KIND_LIST(X)                                                                  \
    X(PS,        1, "ps")                                                                          \
    X(STAT,      2, "stat")                                                                        \
    X(LOG,       3, "log")                                                                         \
    X(LOCKS,     4, "locks")                                                                       \
    X(ACT,       5, "act")                                                                         \
    X(MORE,      6, "more")  /* of this slot's last answer, from the byte that the request names */ \
    X(SESSION,   7, "session")  /* whose kernel it is and what is bound, as JSON */                \
    X(PICTURE,   8, "picture")  /* data: DefibRemotePicture; answer: DefibRemoteSeen and records */ \
    X(JOURNAL,   9, "journal")  /* data: a sequence, 8 bytes; answer: DefibJournalEntry from it on */ \
    X(PLAN,     10, "plan")     /* signed, as ACT is, and nothing is written; both answer in JSON */ \
    X(MEMORY,   11, "memory")   /* data: DefibRemoteMemory; answer: DefibRemotePages and pages */

// X(NAME, number, "for people"): what it came to. The refused are counted, each kind of them.
#define DEFIB_REMOTE_STATUS_LIST(X)                                                                \
    X(DONE,        1, "done")                                                                      \
    X(NOT_DONE,    2, "not done")                                                                  \
    X(MALFORMED,   3, "the request is malformed or was torn")                                      \
    X(NOT_ALLOWED, 4, "acting is not allowed here: the engine was given no key")                   \
    X(FORGED,      5, "the request was not made with the operator's key")                          \
    X(REPLAYED,    6, "the request was made before, or too late")                                  \
    X(NOT_OPEN,    7, "memory is not open here: the guard was started without --serve-memory")
// clang-format on

#define DEFIB_REMOTE_NUMBER(name, number, text) DEFIB_REMOTE_##name = (number),
enum DefibRemoteKind { DEFIB_REMOTE_NO_KIND = 0, DEFIB_REMOTE_KIND_LIST(DEFIB_REMOTE_NUMBER) };
enum DefibRemoteStatus {
    DEFIB_REMOTE_NO_STATUS = 0,
    DEFIB_REMOTE_STATUS_LIST(DEFIB_REMOTE_NUMBER)
};
#undef DEFIB_REMOTE_NUMBER
#define DEFIB_REMOTE_STATUSES 8u

#define DEFIB_REMOTE_MAY_READ 1u
#define DEFIB_REMOTE_MAY_ACT 2u
#define DEFIB_REMOTE_MAY_READ_MEMORY 4u

// -- What is asked and told in one piece each ----------------------------------------------------

struct DefibRemotePicture {
    uint64_t log_from;  // messages of the kernel's log with this sequence and later ones
    uint32_t has_log;   // 0: none of them
    uint32_t reserved;
};

// One look at the target, with its records behind it, `used` bytes of them. They come one after the
// other, in the order in which the views of the console ask for them.
struct DefibRemoteSeen {
    struct DefibCommand command;
    struct DefibAnswer answer;
};

#define DEFIB_REMOTE_PAGE 4096u
#define DEFIB_REMOTE_PAGES 1024u  // in one answer, and of one block of as many
struct DefibRemoteMemory {
    uint64_t address;  // physical; a page's
    uint32_t pages;
    uint32_t level;  // what need not come (boot/salvage/dump.h)
};

// What became of each page; those that came lie behind it, in order.
struct DefibRemotePages {
    uint32_t kept;
    uint32_t untouched;
    uint32_t zero;
    uint32_t cache;
    uint32_t user;
    uint32_t free;
    uint64_t came[DEFIB_REMOTE_PAGES / 64];  // a bit for each
};

// -- The mailbox ---------------------------------------------------------------------------------

// Written by the engine's side only.
struct DefibRemoteHead {
    uint64_t magic;
    uint32_t abi_version;
    uint32_t slots;
    uint64_t heartbeat;     // of whoever answers: it goes on as long as requests are looked at
    uint64_t engine_turns;  // of the engine's loop
    uint64_t counter;       // of the last command that was accepted; the next one's is higher
    uint64_t answered[DEFIB_REMOTE_STATUSES];  // by enum DefibRemoteStatus
    uint8_t nonce[DEFIB_REMOTE_NONCE_BYTES];   // of this start: what the session's key is made from
    uint32_t permissions;                      // DEFIB_REMOTE_MAY_*
    uint32_t reserved;
};

// Written by the remote only.
struct DefibRemoteRequest {
    uint64_t number;   // written last; another one than before is a request
    uint32_t kind;     // enum DefibRemoteKind
    uint32_t size;     // of the data
    uint64_t from;     // MORE: first byte that is wanted
    uint64_t counter;  // of what is signed: ACT, PLAN, MEMORY
    uint8_t
        mac[DEFIB_REMOTE_MAC_BYTES];  // likewise: over all but itself and the check, with the slot
    uint64_t check;  // over all before it but the number, and the data: a torn request is none
    uint8_t data[DEFIB_REMOTE_REQUEST_BYTES];
};

// Written by the engine's side only.
struct DefibRemoteAnswer {
    uint64_t completed;  // the request's number; written last
    uint32_t status;     // enum DefibRemoteStatus
    uint32_t size;       // of the data here
    uint64_t whole;      // of the whole answer: the rest by MORE
    uint64_t check;      // over status, size, whole and the data
    uint8_t data[DEFIB_REMOTE_ANSWER_BYTES];
};

struct DefibRemoteSlot {
    struct DefibRemoteRequest request;
    struct DefibRemoteAnswer answer;
};

// Kept there by the engine's side without being asked, so that it can be read when nobody answers
// any more.
#define DEFIB_REMOTE_KEPT_BYTES (256u << 10)
#define DEFIB_REMOTE_KEPT_ENTRIES 512u
struct DefibRemoteKept {
    uint64_t check;  // over size and data: what is read while it is written is read again
    uint32_t size;   // 0: nothing is kept
    uint32_t reserved;
    uint8_t data[DEFIB_REMOTE_KEPT_BYTES];
};

struct DefibRemoteMailbox {
    struct DefibRemoteHead head;
    struct DefibRemoteSlot slots[DEFIB_REMOTE_SLOTS];
    struct DefibRemoteKept session;  // what SESSION answers
    struct DefibRemoteKept journal;  // the newest entries, in order: what was found last
};

#endif
