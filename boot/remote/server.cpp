// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/server.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "engine/abi/journal.h"

namespace defib::boot::remote {
namespace {

constexpr uint64_t REST_FACTOR = 4;
constexpr uint64_t LEAST_REST_NS = 1000000;
// An answer that is larger is an error, not a reason to take all memory.
constexpr size_t MOST_TEXT = size_t{64} << 20;

// What the other side reads without being asked, each word whole.
template <class T>
void publish(T& word, T value) {
    std::atomic_ref(word).store(value, std::memory_order_release);
}

uint64_t load(uint64_t& word) {
    return std::atomic_ref(word).load(std::memory_order_acquire);
}

bool is_known(uint32_t kind) {
    switch (kind) {
#define DEFIB_REMOTE_KNOWN(name, number, text) case number:
        DEFIB_REMOTE_KIND_LIST(DEFIB_REMOTE_KNOWN)
#undef DEFIB_REMOTE_KNOWN
        return true;
        default:
            return false;
    }
}

// Who reads while this writes sees a check that does not hold, and reads again.
void publish_kept(DefibRemoteKept& kept, std::string_view text) {
    const std::span data(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    publish(kept.check, uint64_t{0});
    std::atomic_thread_fence(std::memory_order_release);
    kept.size = static_cast<uint32_t>(data.size());
    std::ranges::copy(data, kept.data);
    publish(kept.check, check_of_kept(data));
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(DefibRemoteMailbox& memory,
                                              const std::optional<Key>& operators, Serve serve,
                                              Memory opens) {
    const auto nonce = new_nonce();
    if (!nonce) return std::unexpected(nonce.error());
    std::unique_ptr<Server> server(new Server(memory, std::move(serve)));
    server->opens_ = opens;
    std::memset(&memory, 0, sizeof memory);
    memory.head.abi_version = DEFIB_REMOTE_VERSION;
    memory.head.slots = DEFIB_REMOTE_SLOTS;
    memory.head.permissions = DEFIB_REMOTE_MAY_READ;
    std::ranges::copy(*nonce, memory.head.nonce);
    if (operators) {
        server->session_ = session_key(*operators, *nonce);
        memory.head.permissions |= DEFIB_REMOTE_MAY_ACT;
    }
    if (opens == Memory::open) memory.head.permissions |= DEFIB_REMOTE_MAY_READ_MEMORY;
    publish(memory.head.magic, uint64_t{DEFIB_REMOTE_MAGIC});
    return server;
}

uint64_t Server::step(const Clock& now_ns, uint64_t engine_turns) {
    publish(memory_.head.heartbeat, ++heartbeat_);
    publish(memory_.head.engine_turns, engine_turns);
    const uint64_t begin = now_ns();
    if (begin < rest_until_ns_) return rest_until_ns_;
    for (uint32_t i = 0; i < DEFIB_REMOTE_SLOTS; i++) {
        const uint32_t slot = (next_slot_ + i) % DEFIB_REMOTE_SLOTS;
        if (!look_at(slot)) continue;
        next_slot_ = slot + 1;
        const uint64_t end = now_ns();
        rest_until_ns_ = end + std::max(LEAST_REST_NS, REST_FACTOR * (end - begin));
        break;
    }
    return rest_until_ns_;
}

void Server::keep(uint64_t now_ns) {
    constexpr uint64_t EVERY_NS = 100'000'000;
    if (now_ns < keep_next_ns_) return;
    keep_next_ns_ = now_ns + EVERY_NS;
    if (!has_session_) {
        has_session_ = true;
        const Served session = serve_(DEFIB_REMOTE_SESSION, {});
        const bool is_good =
            session.status == DEFIB_REMOTE_DONE && session.text.size() <= DEFIB_REMOTE_KEPT_BYTES;
        if (is_good) publish_kept(memory_.session, session.text);
    }
    uint64_t last = 0;
    if (!kept_.empty()) {
        std::memcpy(&last, kept_.data() + kept_.size() - sizeof(DefibJournalEntry), sizeof last);
    }
    last++;
    const std::string from(reinterpret_cast<const char*>(&last), sizeof last);
    const Served entries = serve_(DEFIB_REMOTE_JOURNAL, from);
    if (entries.status == DEFIB_REMOTE_DONE) add_to_kept(entries.text);
}

void Server::count(DefibRemoteStatus status, uint64_t more) {
    if (more == 0) return;
    answered_.at(status) += more;
    publish(memory_.head.answered[status], answered_[status]);
}

void Server::add_to_kept(const std::string& entries) {
    constexpr size_t MOST = DEFIB_REMOTE_KEPT_ENTRIES * sizeof(DefibJournalEntry);
    static_assert(MOST <= DEFIB_REMOTE_KEPT_BYTES);
    static_assert(offsetof(DefibJournalEntry, sequence) == 0);
    if (entries.empty() || entries.size() % sizeof(DefibJournalEntry) != 0) return;
    kept_ += entries;
    if (kept_.size() > MOST) kept_.erase(0, kept_.size() - MOST);
    publish_kept(memory_.journal, kept_);
}

// True: there was a request.
bool Server::look_at(uint32_t slot) {
    DefibRemoteRequest& shared = memory_.slots[slot].request;
    const uint64_t number = load(shared.number);
    if (number == seen_[slot]) return false;
    seen_[slot] = number;
    // Whatever the remote writes from here on, this is what it has asked for.
    DefibRemoteRequest request;
    std::memcpy(&request, &shared, sizeof request);
    request.number = number;
    const DefibRemoteStatus refusal = check(request, slot);
    uint64_t from = 0;
    DefibRemoteStatus status = refusal;
    if (refusal != DEFIB_REMOTE_NO_STATUS) {
        texts_[slot].clear();
    } else if (request.kind == DEFIB_REMOTE_MORE) {
        status = DEFIB_REMOTE_DONE;
        from = request.from;
    } else {
        const std::string words(reinterpret_cast<const char*>(request.data), request.size);
        Served served = serve_(static_cast<DefibRemoteKind>(request.kind), words);
        const bool is_too_large = served.text.size() > MOST_TEXT;
        texts_[slot] = is_too_large ? "more than an answer may be" : std::move(served.text);
        status = is_too_large ? DEFIB_REMOTE_NOT_DONE : served.status;
        if (needs_right(request.kind) && session_) {
            texts_[slot] = seal_answer(texts_[slot], request, *session_);
        }
    }
    answered_.at(status)++;
    answer(slot, number, status, from);
    return true;
}

// NO_STATUS: nothing is wrong with it.
DefibRemoteStatus Server::check(const DefibRemoteRequest& request, uint32_t slot) {
    if (request.size > sizeof request.data || !is_known(request.kind) ||
        check_of(request) != request.check) {
        return DEFIB_REMOTE_MALFORMED;
    }
    if (request.kind == DEFIB_REMOTE_MORE && request.from > texts_[slot].size()) {
        return DEFIB_REMOTE_MALFORMED;
    }
    return check_right(request, slot);
}

// Whether who asks may ask that.
DefibRemoteStatus Server::check_right(const DefibRemoteRequest& request, uint32_t slot) {
    if (!needs_right(request.kind)) return DEFIB_REMOTE_NO_STATUS;
    if (request.kind == DEFIB_REMOTE_MEMORY) {
        if (opens_ == Memory::closed) return DEFIB_REMOTE_NOT_OPEN;
        if (!session_) return DEFIB_REMOTE_NO_STATUS;
    }
    if (!session_) return DEFIB_REMOTE_NOT_ALLOWED;
    if (!is_authentic(request, slot, *session_)) return DEFIB_REMOTE_FORGED;
    if (request.counter <= counter_) return DEFIB_REMOTE_REPLAYED;
    counter_ = request.counter;
    return DEFIB_REMOTE_NO_STATUS;
}

void Server::answer(uint32_t slot, uint64_t number, DefibRemoteStatus status, uint64_t from) {
    DefibRemoteAnswer& shared = memory_.slots[slot].answer;
    const std::string& text = texts_[slot];
    const size_t size = std::min<size_t>(text.size() - from, DEFIB_REMOTE_ANSWER_BYTES);
    const std::span data(reinterpret_cast<const uint8_t*>(text.data()) + from, size);
    shared.status = status;
    shared.size = static_cast<uint32_t>(size);
    shared.whole = text.size();
    std::ranges::copy(data, shared.data);
    shared.check = check_of(status, text.size(), data);
    publish(memory_.head.counter, counter_);
    publish(memory_.head.answered[status], answered_[status]);
    publish(shared.completed, number);
}

}  // namespace defib::boot::remote
