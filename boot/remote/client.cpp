// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/client.h"

#include <sodium.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <thread>

namespace defib::boot::remote {
namespace {

constexpr auto BETWEEN_LOOKS = std::chrono::milliseconds(1);
constexpr unsigned LOOKS_BETWEEN_CHECKS = 20;
// What a mad other side may claim; its own limit is the same.
constexpr size_t MOST_TEXT = size_t{64} << 20;
constexpr uint64_t ANSWER_HEAD = offsetof(DefibRemoteAnswer, data);

uint64_t place_of(uint32_t slot) {
    return offsetof(DefibRemoteMailbox, slots) + uint64_t{slot} * sizeof(DefibRemoteSlot);
}

template <class T>
std::span<uint8_t> bytes_of(T& value) {
    return {reinterpret_cast<uint8_t*>(&value), sizeof value};
}

}  // namespace

const char* status_text(uint32_t status) {
    switch (status) {
#define DEFIB_REMOTE_TEXT(name, number, text) \
    case number:                              \
        return text;
        DEFIB_REMOTE_STATUS_LIST(DEFIB_REMOTE_TEXT)
#undef DEFIB_REMOTE_TEXT
        default:
            return "an answer that this defib does not know";
    }
}

Result<DefibRemoteHead> Client::head() {
    DefibRemoteHead head{};
    if (auto read = memory_.read(0, bytes_of(head)); !read) return std::unexpected(read.error());
    if (head.magic != DEFIB_REMOTE_MAGIC || head.abi_version != DEFIB_REMOTE_VERSION ||
        head.slots != DEFIB_REMOTE_SLOTS) {
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, "the mailbox",
                    "it is none, or another version's");
    }
    return head;
}

Client::Client(OneSided& memory, std::stop_token stop)
    : memory_(memory), stop_(std::move(stop)), slot_(randombytes_uniform(DEFIB_REMOTE_SLOTS)) {}

Result<std::string> Client::kept(uint64_t at) {
    constexpr int TRIES = 10;
    constexpr uint64_t FIRST = offsetof(DefibRemoteKept, data);
    for (int i = 0; i < TRIES; i++) {
        DefibRemoteKept kept{};
        const auto whole = bytes_of(kept);
        auto read = memory_.read(at, whole.first(FIRST));
        if (!read) return std::unexpected(read.error());
        if (kept.size != 0 && kept.size <= sizeof kept.data) {
            read = memory_.read(at + FIRST, whole.subspan(FIRST, kept.size));
            if (!read) return std::unexpected(read.error());
            const std::span data(kept.data, kept.size);
            if (check_of_kept(data) == kept.check)
                return std::string(reinterpret_cast<const char*>(kept.data), kept.size);
        }
        std::this_thread::sleep_for(BETWEEN_LOOKS);
    }
    return fail(DEFIB_ERROR_BOOT_ENGINE, "the other side", "nothing whole is kept there");
}

Result<void> Client::send(DefibRemoteRequest& request) {
    const auto now = head();
    if (!now) return std::unexpected(now.error());
    heartbeat_ = now->heartbeat;
    std::ranges::copy(now->nonce, nonce_.begin());
    if (signs_ && needs_right(request.kind)) {
        request.counter = now->counter + 1;
        session_ = session_key(*signs_, now->nonce);
        sign(request, slot_, *session_);
    }
    request.check = check_of(request);
    const uint64_t at = place_of(slot_) + offsetof(DefibRemoteSlot, request);
    const auto bytes = bytes_of(request);
    constexpr size_t FIRST = sizeof request.number;
    if (auto sent = memory_.write(at + FIRST, bytes.subspan(FIRST)); !sent) return sent;
    return memory_.write(at, bytes.first(FIRST));
}

Result<uint64_t> Client::number_in_slot() {
    uint64_t number = 0;
    const uint64_t at = place_of(slot_) + offsetof(DefibRemoteSlot, request);
    if (auto read = memory_.read(at, bytes_of(number)); !read) return std::unexpected(read.error());
    return number;
}

// Whether nobody waits for an answer in this slot.
Result<bool> Client::is_idle() {
    const auto asked = number_in_slot();
    if (!asked) return std::unexpected(asked.error());
    uint64_t completed = 0;
    const uint64_t at = place_of(slot_) + offsetof(DefibRemoteSlot, answer);
    if (auto read = memory_.read(at, bytes_of(completed)); !read)
        return std::unexpected(read.error());
    return *asked == completed;
}

// False: another remote has written its request over this one.
Result<bool> Client::wait(uint64_t number, std::chrono::milliseconds within) {
    const auto end = std::chrono::steady_clock::now() + within;
    const uint64_t at = place_of(slot_) + offsetof(DefibRemoteSlot, answer);
    const auto whole = bytes_of(*answer_);
    for (unsigned looks = 1;; looks++) {
        if (auto read = memory_.read(at, whole.first(ANSWER_HEAD)); !read) {
            return std::unexpected(read.error());
        }
        const uint32_t size = answer_->size;
        if (answer_->completed == number && size <= sizeof answer_->data) {
            auto read = memory_.read(at + ANSWER_HEAD, whole.subspan(ANSWER_HEAD, size));
            if (!read) return std::unexpected(read.error());
            const uint64_t check = check_of(answer_->status, answer_->whole, {answer_->data, size});
            if (check == answer_->check) return true;
        }
        if (stop_.stop_requested()) {
            return fail(DEFIB_ERROR_BOOT_ENGINE, "the other side", "nobody waits for it any more");
        }
        if (looks % LOOKS_BETWEEN_CHECKS == 0) {
            const auto asked = number_in_slot();
            if (!asked) return std::unexpected(asked.error());
            if (*asked != number) return false;
        }
        if (std::chrono::steady_clock::now() > end) return no_answer(heartbeat_);
        std::this_thread::sleep_for(BETWEEN_LOOKS);
    }
}

std::unexpected<Error> Client::no_answer(uint64_t heartbeat_before) {
    const auto now = head();
    if (!now) return std::unexpected(now.error());
    if (now->heartbeat == heartbeat_before) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, "the other side",
                    "its memory can be read, but nobody looks at requests: its engine is dead");
    }
    return fail(DEFIB_ERROR_BOOT_ENGINE, "the other side", "it lives, and did not answer in time",
                "others may keep it busy; ask again");
}

// Of what was signed and done, or tried; a refusal is open.
Result<void> Client::open(Answered& answered, const DefibRemoteRequest& request) const {
    const bool is_sealed = session_ && (answered.status == DEFIB_REMOTE_DONE ||
                                        answered.status == DEFIB_REMOTE_NOT_DONE);
    if (!is_sealed) return {};
    auto text = open_answer(answered.text, request, *session_);
    if (!text) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, "the other side",
                    "what it answers was not made with the operator's key",
                    "leave --key out where the guard has none");
    }
    answered.text = std::move(*text);
    return {};
}

Result<Answered> Client::ask(DefibRemoteKind kind, const std::string& words,
                             const std::optional<Key>& operators,
                             std::chrono::milliseconds within) {
    constexpr int TRIES = 8;
    if (sodium_init() < 0 || words.size() > DEFIB_REMOTE_REQUEST_BYTES) {
        return fail(DEFIB_ERROR_BASE_USAGE, "the request", "it is too long");
    }
    signs_ = operators;
    for (int i = 0; i < TRIES; i++) {
        // Slots by chance: two remotes at once soon have one each.
        const auto idle = is_idle();
        if (!idle) return std::unexpected(idle.error());
        if (!*idle && i + 1 < TRIES) {
            slot_ = (slot_ + 1 + randombytes_uniform(DEFIB_REMOTE_SLOTS - 1)) % DEFIB_REMOTE_SLOTS;
            continue;
        }
        auto answered = ask_once(kind, words, within);
        if (!answered) return std::unexpected(answered.error());
        if (*answered) return std::move(**answered);
        // It may have been carried out all the same.
        if (kind == DEFIB_REMOTE_ACT) break;
        slot_ = (slot_ + 1) % DEFIB_REMOTE_SLOTS;
    }
    return fail(DEFIB_ERROR_BOOT_ENGINE, "the other side", "another remote has asked in between",
                kind == DEFIB_REMOTE_ACT ? "look whether it was done, and ask again" : "ask again");
}

// Nothing: another remote came in between.
Result<std::optional<Answered>> Client::ask_once(DefibRemoteKind kind, const std::string& words,
                                                 std::chrono::milliseconds within) {
    session_.reset();
    Answered answered;
    DefibRemoteRequest first{};
    uint64_t whole = 0;
    for (uint32_t next = kind;;) {
        DefibRemoteRequest request{};
        randombytes_buf(&request.number, sizeof request.number);
        request.kind = next;
        request.from = answered.text.size();
        if (next == static_cast<uint32_t>(kind)) {
            request.size = static_cast<uint32_t>(words.size());
            std::ranges::copy(words, request.data);
        }
        if (auto sent = send(request); !sent) return std::unexpected(sent.error());
        const auto is_answered = wait(request.number, within);
        if (!is_answered) return std::unexpected(is_answered.error());
        if (!*is_answered) return std::nullopt;
        if (next != DEFIB_REMOTE_MORE) {
            first = request;
            whole = answer_->whole;
            answered.status = static_cast<DefibRemoteStatus>(answer_->status);
        } else if (answer_->status != DEFIB_REMOTE_DONE || answer_->whole != whole) {
            return std::nullopt;
        }
        answered.text.append(reinterpret_cast<const char*>(answer_->data), answer_->size);
        if (answered.text.size() > MOST_TEXT) {
            return fail(DEFIB_ERROR_BOOT_ENGINE, "the other side",
                        "it answers more than an answer may be");
        }
        if (answered.text.size() >= whole || answer_->size == 0) {
            if (auto opened = open(answered, first); !opened)
                return std::unexpected(opened.error());
            return answered;
        }
        // The rest is of what was asked last in this slot.
        const auto asked = number_in_slot();
        if (!asked) return std::unexpected(asked.error());
        if (*asked != request.number) return std::nullopt;
        next = DEFIB_REMOTE_MORE;
    }
}

}  // namespace defib::boot::remote
