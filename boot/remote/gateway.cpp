// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/gateway.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "boot/remote/rdma_memory.h"
#include "boot/remote/shared_file.h"
#include "engine/base/tcp.h"

namespace defib::boot::remote {
namespace {

constexpr int TIMEOUT_S = 5;
constexpr const char* OR_A_FILE = ", rdma:ADDRESS:PORT, or shm:FILE";

std::unexpected<Error> cannot(const std::string& where) {
    const bool is_silent = errno == EAGAIN || errno == EWOULDBLOCK;
    return fail(DEFIB_ERROR_BASE_CANNOT_READ, where,
                is_silent ? "it does not answer" : std::strerror(errno));
}

class TcpMemory final : public OneSided {
  public:
    TcpMemory(UniqueFd socket, std::string where)
        : socket_(std::move(socket)), where_(std::move(where)) {}

    Result<void> read(uint64_t at, std::span<uint8_t> into) override {
        while (!into.empty()) {
            const auto size = static_cast<uint32_t>(std::min<size_t>(into.size(), MOST_READ));
            if (auto told = exchange({Frame::READ, size, at}, {}); !told) return told;
            if (auto got = receive(into.first(size)); !got) return got;
            into = into.subspan(size);
            at += size;
        }
        return {};
    }

    Result<void> write(uint64_t at, std::span<const uint8_t> bytes) override {
        return exchange({Frame::WRITE, static_cast<uint32_t>(bytes.size()), at}, bytes);
    }

  private:
    Result<void> exchange(const Frame& frame, std::span<const uint8_t> bytes) {
        std::vector<uint8_t> all(sizeof frame + bytes.size());
        std::memcpy(all.data(), &frame, sizeof frame);
        std::ranges::copy(bytes, all.begin() + sizeof frame);
        for (size_t sent = 0; sent < all.size();) {
            const ssize_t count =
                send(socket_.get(), all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) return cannot(where_);
            sent += static_cast<size_t>(count);
        }
        Frame answer;
        if (auto got = receive({reinterpret_cast<uint8_t*>(&answer), sizeof answer}); !got) {
            return got;
        }
        if (std::memcmp(&answer, &frame, sizeof frame) == 0) return {};
        if (answer.operation == Frame::FAILED && answer.size <= MOST_WHY) return failed(answer);
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, where_, "it is no gateway of defib's");
    }

    // Who holds the connection for others says what became of it.
    Result<void> failed(const Frame& answer) {
        std::string why(answer.size, ' ');
        auto got = receive({reinterpret_cast<uint8_t*>(why.data()), why.size()});
        if (!got) return got;
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, where_, std::move(why));
    }

    Result<void> receive(std::span<uint8_t> into) {
        while (!into.empty()) {
            const ssize_t count = recv(socket_.get(), into.data(), into.size(), 0);
            if (count == 0) {
                return fail(DEFIB_ERROR_BASE_CANNOT_READ, where_, "the gateway has hung up");
            }
            if (count < 0) return cannot(where_);
            into = into.subspan(static_cast<size_t>(count));
        }
        return {};
    }

    UniqueFd socket_;
    std::string where_;
};

}  // namespace

bool is_allowed(const Frame& frame, Reach reach) {
    constexpr uint64_t SIZE = sizeof(DefibRemoteMailbox);
    if (frame.size == 0) return false;
    if ((frame.at & TARGET_MEMORY) != 0) {
        return reach == Reach::mailbox_and_memory && frame.operation == Frame::READ &&
               frame.size <= MOST_READ;
    }
    if (frame.operation == Frame::READ) {
        return frame.size <= MOST_READ && frame.at <= SIZE && frame.size <= SIZE - frame.at;
    }
    if (frame.operation != Frame::WRITE || frame.size > MOST_WRITE) return false;
    for (uint64_t slot = 0; slot < DEFIB_REMOTE_SLOTS; slot++) {
        const uint64_t from = offsetof(DefibRemoteMailbox, slots) + slot * sizeof(DefibRemoteSlot) +
                              offsetof(DefibRemoteSlot, request);
        const uint64_t end = from + sizeof(DefibRemoteRequest);
        if (frame.at >= from && frame.at <= end && frame.size <= end - frame.at) return true;
    }
    return false;
}

// -- One connection ------------------------------------------------------------------------------

bool Conversation::take(OneSided& memory, std::span<const uint8_t> bytes, size_t& taken) {
    taken = 0;
    while (taken < bytes.size() && owed_.empty()) {
        input_.push_back(bytes[taken++]);
        if (input_.size() == sizeof(Frame)) {
            Frame frame;
            std::memcpy(&frame, input_.data(), sizeof frame);
            if (!is_allowed(frame, reach_)) return false;
        }
        if (is_whole()) carry_out(memory);
    }
    return true;
}

bool Conversation::is_whole() const {
    if (input_.size() < sizeof(Frame)) return false;
    Frame frame;
    std::memcpy(&frame, input_.data(), sizeof frame);
    return input_.size() == sizeof frame + (frame.operation == Frame::WRITE ? frame.size : 0);
}

void Conversation::carry_out(OneSided& memory) {
    Frame frame;
    std::memcpy(&frame, input_.data(), sizeof frame);
    owed_.assign(input_.begin(), input_.begin() + sizeof frame);
    sent_ = 0;
    Result<void> done;
    if (frame.operation == Frame::WRITE) {
        done = memory.write(frame.at, std::span(input_).subspan(sizeof frame));
    } else {
        owed_.resize(sizeof frame + frame.size);
        done = memory.read(frame.at, std::span(owed_).subspan(sizeof frame));
    }
    input_.clear();
    if (done) return;
    const std::string why = to_line(done.error()).substr(0, MOST_WHY);
    const Frame failed = {
        .operation = Frame::FAILED, .size = static_cast<uint32_t>(why.size()), .at = frame.at};
    owed_.resize(sizeof failed);
    std::memcpy(owed_.data(), &failed, sizeof failed);
    owed_.insert(owed_.end(), why.begin(), why.end());
}

void Conversation::has_sent(size_t size) {
    sent_ += size;
    if (sent_ < owed_.size()) return;
    owed_.clear();
    sent_ = 0;
}

// -- All of them ---------------------------------------------------------------------------------

Gateway::Gateway(std::unique_ptr<OneSided> memory, Reach reach)
    : memory_(std::move(memory)), reach_(reach) {}

Result<std::unique_ptr<Gateway>> Gateway::listen(const std::string& where,
                                                 std::unique_ptr<OneSided> memory, Reach reach) {
    auto listener = listen_tcp(where, OR_A_FILE);
    if (!listener) return std::unexpected(listener.error());
    std::unique_ptr<Gateway> gateway(new Gateway(std::move(memory), reach));
    gateway->listener_ = std::move(listener->socket);
    gateway->port_ = listener->port;
    return gateway;
}

bool Gateway::step() {
    accept_one();
    bool was_asked = false;
    for (auto& connection : connections_) {
        if (!connection) continue;
        const Served served = serve(*connection);
        was_asked = was_asked || served == Served::something;
        if (served == Served::is_over) connection.reset();
    }
    return was_asked;
}

// A ninth connection takes the place of one that is there: who only holds one keeps nobody out.
void Gateway::accept_one() {
    UniqueFd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open()) return;
    const int yes = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    auto place = std::ranges::find_if(connections_, [](const auto& one) { return !one; });
    if (place == connections_.end()) {
        place = connections_.begin() + static_cast<long>(next_victim_++ % connections_.size());
    }
    *place = std::make_unique<Connection>(Connection{std::move(socket), Conversation(reach_)});
}

Gateway::Served Gateway::serve(Connection& connection) {
    const int fd = connection.socket.get();
    const auto failed = [] { return errno == EAGAIN ? Served::nothing : Served::is_over; };
    if (const auto owed = connection.conversation.owed(); !owed.empty()) {
        const ssize_t count = send(fd, owed.data(), owed.size(), MSG_NOSIGNAL);
        if (count < 0) return failed();
        connection.conversation.has_sent(static_cast<size_t>(count));
        return Served::something;
    }
    uint8_t bytes[MOST_WRITE + sizeof(Frame)];
    const ssize_t count = recv(fd, bytes, sizeof bytes, MSG_PEEK);
    if (count < 0) return failed();
    if (count == 0) return Served::is_over;
    size_t taken = 0;
    const bool is_well =
        connection.conversation.take(*memory_, {bytes, static_cast<size_t>(count)}, taken);
    if (!is_well) {
        closed_++;
        return Served::is_over;
    }
    // The rest waits in the socket until this frame is answered.
    if (recv(fd, bytes, taken, 0) < 0) return Served::is_over;
    const auto owed = connection.conversation.owed();
    if (owed.empty()) return Served::something;
    const ssize_t sent = send(fd, owed.data(), owed.size(), MSG_NOSIGNAL);
    if (sent > 0) connection.conversation.has_sent(static_cast<size_t>(sent));
    return sent > 0 || errno == EAGAIN ? Served::something : Served::is_over;
}

Result<std::unique_ptr<OneSided>> connect_to_gateway(const std::string& where) {
    auto socket = connect_tcp(where, TIMEOUT_S, OR_A_FILE);
    if (!socket) return std::unexpected(socket.error());
    return std::make_unique<TcpMemory>(std::move(*socket), where);
}

Result<std::unique_ptr<OneSided>> connect_to(const std::string& where,
                                             const std::optional<Key>& operators) {
    if (where.starts_with("shm:")) return open_shared_file(where.substr(4));
    if (where.starts_with("rdma:")) return connect_to_rdma(where.substr(5), operators);
    return connect_to_gateway(where);
}

}  // namespace defib::boot::remote
