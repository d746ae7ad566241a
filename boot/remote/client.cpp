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
    if (head.magic != DEFIB_REMOTE_MAGIC || head.abi_version != 1 ||
        head.slots != DEFIB_REMOTE_SLOTS) {
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, "the mailbox",
                    "it is none, or another version's");
    }
    return head;
}

Result<void> Client::send(DefibRemoteRequest& request, const std::optional<Key>& operators) {
    const auto now = head();
    if (!now) return std::unexpected(now.error());
    if (operators) {
        request.counter = now->counter + 1;
        sign(request, slot_, session_key(*operators, now->nonce));
    }
    request.check = check_of(request);
    const uint64_t at = place_of(slot_) + offsetof(DefibRemoteSlot, request);
    const auto bytes = bytes_of(request);
    constexpr size_t FIRST = sizeof request.number;
    if (auto sent = memory_.write(at + FIRST, bytes.subspan(FIRST)); !sent) return sent;
    return memory_.write(at, bytes.first(FIRST));
}

Result<DefibRemoteAnswer*> Client::wait(uint64_t number, std::chrono::milliseconds within) {
    const auto before = head();
    if (!before) return std::unexpected(before.error());
    const auto end = std::chrono::steady_clock::now() + within;
    const uint64_t at = place_of(slot_) + offsetof(DefibRemoteSlot, answer);
    const auto whole = bytes_of(*answer_);
    for (;;) {
        if (auto read = memory_.read(at, whole.first(ANSWER_HEAD)); !read) {
            return std::unexpected(read.error());
        }
        const uint32_t size = answer_->size;
        if (answer_->completed == number && size <= sizeof answer_->data) {
            auto read = memory_.read(at + ANSWER_HEAD, whole.subspan(ANSWER_HEAD, size));
            if (!read) return std::unexpected(read.error());
            const uint64_t check = check_of(answer_->status, answer_->whole, {answer_->data, size});
            if (check == answer_->check) return answer_.get();
        }
        if (std::chrono::steady_clock::now() > end) return no_answer(before->heartbeat);
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

Result<Answered> Client::ask(DefibRemoteKind kind, const std::string& words,
                             const std::optional<Key>& operators,
                             std::chrono::milliseconds within) {
    if (sodium_init() < 0 || words.size() > DEFIB_REMOTE_REQUEST_BYTES) {
        return fail(DEFIB_ERROR_BASE_USAGE, "the request", "it is too long");
    }
    // Numbers and slots by chance: two remotes at once do not take the same.
    slot_ = randombytes_uniform(DEFIB_REMOTE_SLOTS);
    Answered answered;
    for (uint32_t next = kind;;) {
        DefibRemoteRequest request{};
        randombytes_buf(&request.number, sizeof request.number);
        request.kind = next;
        request.from = answered.text.size();
        if (next == static_cast<uint32_t>(kind)) {
            request.size = static_cast<uint32_t>(words.size());
            std::ranges::copy(words, request.data);
        }
        const auto key = next == DEFIB_REMOTE_ACT ? operators : std::nullopt;
        if (auto sent = send(request, key); !sent) return std::unexpected(sent.error());
        const auto answer = wait(request.number, within);
        if (!answer) return std::unexpected(answer.error());
        if (next == DEFIB_REMOTE_MORE && (*answer)->status != DEFIB_REMOTE_DONE) {
            return fail(DEFIB_ERROR_BOOT_ENGINE, "the other side",
                        "another remote has asked in between", "ask again");
        }
        if (next != DEFIB_REMOTE_MORE) {
            answered.status = static_cast<DefibRemoteStatus>((*answer)->status);
        }
        answered.text.append(reinterpret_cast<const char*>((*answer)->data), (*answer)->size);
        if (answered.text.size() >= (*answer)->whole || (*answer)->size == 0) return answered;
        next = DEFIB_REMOTE_MORE;
    }
}

}  // namespace defib::boot::remote
