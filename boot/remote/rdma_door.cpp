// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/rdma_door.h"

#include <sodium.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/tcp.h"

namespace defib::boot::remote {
namespace {

constexpr const char* OR_OTHERS = ", the address of the adapter's network interface";
constexpr size_t FIRST_REQUEST = 1;  // of a place's regions
constexpr size_t FIRST_MEMORY = FIRST_REQUEST + DEFIB_REMOTE_SLOTS;

template <class T>
bool say(int socket, const T& message) {
    return send(socket, &message, sizeof message, MSG_NOSIGNAL) == ssize_t{sizeof message};
}

}  // namespace

Result<void> RdmaDoor::add_region(Place& place, void* at, uint64_t size, int access) {
    RdmaOwned<ibv_mr> region(port_.library->reg_mr(place.domain.get(), at, size, access),
                             {port_.library});
    if (!region) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "memory for the RDMA adapter",
                    std::strerror(errno),
                    errno == EFAULT ? "before Linux 6.2 it has to be memory that may be written: "
                                      "leave --dry-run out"
                                    : "start it with CAP_IPC_LOCK, or LimitMEMLOCK=infinity");
    }
    place.regions.push_back(std::move(region));
    return {};
}

Result<void> RdmaDoor::make_place(Place& place, std::span<const DefibRange> memory) {
    const auto cannot = [](const char* what) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "the RDMA adapter",
                    std::string(what) + ": " + std::strerror(errno));
    };
    place.domain = {port_.library->alloc_pd(port_.context.get()), {port_.library}};
    if (!place.domain) return cannot("no protection domain");
    if (auto added = add_region(place, &mailbox_, sizeof mailbox_, IBV_ACCESS_REMOTE_READ); !added)
        return added;
    for (DefibRemoteSlot& slot : mailbox_.slots) {
        // Whoever may write from afar may write here: the verbs want it so.
        auto added = add_region(place, &slot.request, sizeof slot.request,
                                IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
        if (!added) return added;
    }
    for (const DefibRange& range : memory) {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): where it is mapped
        auto* at = reinterpret_cast<void*>(range.backend);
        if (auto added = add_region(place, at, range.size, IBV_ACCESS_REMOTE_READ); !added)
            return added;
    }
    place.completions = {port_.library->create_cq(port_.context.get(), 1, nullptr, nullptr, 0),
                         {port_.library}};
    if (!place.completions) return cannot("no queue of completions");
    ibv_qp_init_attr how{};
    how.send_cq = place.completions.get();
    how.recv_cq = place.completions.get();
    how.qp_type = IBV_QPT_RC;
    how.cap = {.max_send_wr = 1,
               .max_recv_wr = 1,
               .max_send_sge = 1,
               .max_recv_sge = 1,
               .max_inline_data = 0};
    place.queue = {port_.library->create_qp(place.domain.get(), &how), {port_.library}};
    if (!place.queue) return cannot("no queue");
    return {};
}

Result<std::unique_ptr<RdmaDoor>> RdmaDoor::open(const std::string& where,
                                                 DefibRemoteMailbox& mailbox,
                                                 const RdmaTerms& terms) {
    auto listener = listen_tcp(where, OR_OTHERS);
    if (!listener) return std::unexpected(listener.error());
    std::unique_ptr<RdmaDoor> door(new RdmaDoor(mailbox));
    door->session_ = terms.session;
    door->memory_.assign(terms.memory.begin(), terms.memory.end());
    door->tcp_port_ = listener->port;
    door->listener_ = std::move(listener->socket);
    auto port = RdmaPort::of_socket(door->listener_.get());
    if (!port) return std::unexpected(port.error());
    door->port_ = std::move(*port);
    for (size_t i = 0; i < PLACES; i++) {
        const bool sees_memory = !door->session_ || i < FOR_THE_KEY;
        auto made = door->make_place(door->places_[i],
                                     sees_memory ? terms.memory : std::span<const DefibRange>());
        if (!made) return std::unexpected(made.error());
    }
    return door;
}

// -- Who connects --------------------------------------------------------------------------------

bool RdmaDoor::step() {
    accept_one();
    bool was_asked = false;
    for (auto& connection : connections_) {
        if (!connection) continue;
        const Served served = serve(*connection);
        was_asked = was_asked || served == Served::something;
        if (served != Served::is_over) continue;
        leave(connection->number);
        connection.reset();
    }
    return was_asked;
}

// A ninth takes the place of one that is there, of one without a place first.
void RdmaDoor::accept_one() {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    UniqueFd socket(accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                            SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open()) return;
    const auto has_place = [this](const auto& one) {
        return std::ranges::any_of(places_,
                                   [&](const Place& p) { return p.holder == one->number; });
    };
    auto at = std::ranges::find_if(connections_, [](const auto& one) { return !one; });
    if (at == connections_.end()) at = std::ranges::find_if_not(connections_, has_place);
    if (at == connections_.end()) return;  // there are more of them than places
    if (*at) leave((*at)->number);
    auto made = std::make_unique<Connection>();
    made->socket = std::move(socket);
    made->number = ++numbers_;
    made->from = gid_of_address(from);
    randombytes_buf(made->once.data(), made->once.size());
    RdmaGreeting greeting;
    std::ranges::copy(mailbox_.head.nonce, greeting.nonce);
    std::ranges::copy(made->once, greeting.once);
    if (say(made->socket.get(), greeting)) *at = std::move(made);
}

RdmaDoor::Served RdmaDoor::serve(Connection& connection) {
    std::array<uint8_t, sizeof(RdmaHello)> bytes{};
    const ssize_t count = recv(connection.socket.get(), bytes.data(), bytes.size(), 0);
    if (count < 0) return errno == EAGAIN ? Served::nothing : Served::is_over;
    if (count == 0) return Served::is_over;
    connection.said.insert(connection.said.end(), bytes.begin(), bytes.begin() + count);
    if (connection.said.size() < sizeof(RdmaHello)) return Served::something;
    // One question, and nothing behind it.
    const auto hello = read_hello(connection.said);
    if (!hello || std::memcmp(hello->gid, connection.from.raw, sizeof hello->gid) != 0)
        return Served::is_over;
    const RdmaWelcome told = welcome(connection, *hello);
    const bool is_said = say(connection.socket.get(), told);
    return is_said && told.refusal == 0 ? Served::something : Served::is_over;
}

RdmaDoor::Place& RdmaDoor::place_for(const RdmaHello& hello) {
    const std::span<Place> all(places_);
    std::span<Place> places = all;
    if (session_) places = hello.has_key != 0 ? all.first(FOR_THE_KEY) : all.subspan(FOR_THE_KEY);
    const auto free = std::ranges::find(places, uint64_t{0}, &Place::holder);
    if (free != places.end()) return *free;
    return places[next_victim_++ % places.size()];
}

RdmaWelcome RdmaDoor::welcome(Connection& connection, const RdmaHello& hello) {
    RdmaWelcome told;
    if (session_ && hello.has_key != 0) {
        const Key mac = mac_of_hello(hello, connection.once, *session_);
        if (sodium_memcmp(mac.data(), hello.mac, mac.size()) != 0) {
            forged_++;
            told.refusal = DEFIB_REMOTE_FORGED;
            return told;
        }
    }
    Place& place = place_for(hello);
    const RdmaEnd own = {.queue = place.queue->qp_num, .first_packet = 0, .gid = port_.gid};
    RdmaEnd other = {.queue = hello.queue, .first_packet = hello.first_packet, .gid = {}};
    std::memcpy(other.gid.raw, hello.gid, sizeof hello.gid);
    if (!connect_queue(port_, *place.queue, own, other, RdmaSide::answers)) {
        place.holder = 0;
        told.refusal = DEFIB_REMOTE_NOT_DONE;
        return told;
    }
    place.holder = connection.number;
    told.queue = own.queue;
    std::memcpy(told.gid, own.gid.raw, sizeof told.gid);
    told.mailbox = reinterpret_cast<uint64_t>(&mailbox_);
    told.mailbox_key = place.regions[0]->rkey;
    for (size_t i = 0; i < DEFIB_REMOTE_SLOTS; i++)
        told.request_keys[i] = place.regions[FIRST_REQUEST + i]->rkey;
    told.region_count = static_cast<uint32_t>(place.regions.size() - FIRST_MEMORY);
    for (size_t i = 0; i < told.region_count; i++) {
        told.regions[i] = {.physical = memory_[i].physical,
                           .size = memory_[i].size,
                           .address = memory_[i].backend,
                           .key = place.regions[FIRST_MEMORY + i]->rkey};
    }
    return told;
}

// What was given to a connection that is over is taken back: its queue answers nobody any more.
void RdmaDoor::leave(uint64_t holder) {
    for (Place& place : places_) {
        if (place.holder != holder) continue;
        ibv_qp_attr reset{};
        reset.qp_state = IBV_QPS_RESET;
        port_.library->modify_qp(place.queue.get(), &reset, IBV_QP_STATE);
        place.holder = 0;
    }
}

}  // namespace defib::boot::remote
