// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/rdma_way.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "engine/base/tcp.h"

namespace defib::boot::remote {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int TCP_TIMEOUT_S = 10;
// Longer than the adapter itself tries.
constexpr auto PATIENCE = std::chrono::seconds(30);
constexpr int LOOKS_BEFORE_A_REST = 2000;

std::unexpected<Error> cannot(const std::string& where, std::string why, std::string advice = {}) {
    return fail(DEFIB_ERROR_BASE_CANNOT_READ, where, std::move(why), std::move(advice));
}

template <class T>
Result<std::vector<uint8_t>> receive(int socket, const std::string& where) {
    std::vector<uint8_t> bytes(sizeof(T));
    for (size_t got = 0; got < bytes.size();) {
        const ssize_t count = recv(socket, bytes.data() + got, bytes.size() - got, 0);
        if (count == 0) return cannot(where, "it has hung up");
        if (count < 0)
            return cannot(where, errno == EAGAIN ? "it does not answer" : std::strerror(errno));
        got += static_cast<size_t>(count);
    }
    return bytes;
}

}  // namespace

Result<void> RdmaWay::make_queue() {
    const RdmaLibrary& library = *port_.library;
    const RdmaRelease release{&library};
    domain_ = {library.alloc_pd(port_.context.get()), release};
    if (!domain_) return cannot("the RDMA adapter", std::strerror(errno));
    region_ = {
        library.reg_mr(domain_.get(), buffer_.data(), buffer_.size(), IBV_ACCESS_LOCAL_WRITE),
        release};
    if (!region_)
        return cannot("the RDMA adapter", std::strerror(errno), "`ulimit -l` says how much it may");
    completions_ = {library.create_cq(port_.context.get(), 2, nullptr, nullptr, 0), release};
    if (!completions_) return cannot("the RDMA adapter", std::strerror(errno));
    ibv_qp_init_attr how{};
    how.send_cq = completions_.get();
    how.recv_cq = completions_.get();
    how.qp_type = IBV_QPT_RC;
    how.sq_sig_all = 1;
    how.cap = {.max_send_wr = 1,
               .max_recv_wr = 1,
               .max_send_sge = 1,
               .max_recv_sge = 1,
               .max_inline_data = 0};
    queue_ = {library.create_qp(domain_.get(), &how), release};
    if (!queue_) return cannot("the RDMA adapter", std::strerror(errno));
    return {};
}

Result<void> RdmaWay::agree(const std::optional<Key>& key) {
    const auto first = receive<RdmaGreeting>(socket_.get(), where_);
    if (!first) return std::unexpected(first.error());
    const auto greeting = read_greeting(*first);
    if (!greeting)
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, where_, "it does not speak of RDMA",
                    "leave rdma: out where a gateway listens");
    RdmaHello hello;
    hello.queue = queue_->qp_num;
    hello.first_packet = random_first_packet();
    std::memcpy(hello.gid, port_.gid.raw, sizeof hello.gid);
    if (key) {
        hello.has_key = 1;
        const Key session = session_key(*key, greeting->nonce);
        std::ranges::copy(mac_of_hello(hello, greeting->once, session), hello.mac);
    }
    if (send(socket_.get(), &hello, sizeof hello, MSG_NOSIGNAL) != ssize_t{sizeof hello})
        return cannot(where_, std::strerror(errno));
    const auto second = receive<RdmaWelcome>(socket_.get(), where_);
    if (!second) return std::unexpected(second.error());
    const auto welcome = read_welcome(*second);
    if (!welcome) return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, where_, "it does not speak of RDMA");
    if (welcome->refusal == DEFIB_REMOTE_FORGED)
        return fail(DEFIB_ERROR_BOOT_NOT_DONE, where_, "it has another operator's key");
    if (welcome->refusal != 0) return cannot(where_, "it could not connect its adapter");
    welcome_ = *welcome;
    const RdmaEnd own = {
        .queue = hello.queue, .first_packet = hello.first_packet, .gid = port_.gid};
    RdmaEnd other = {.queue = welcome->queue, .first_packet = welcome->first_packet, .gid = {}};
    std::memcpy(other.gid.raw, welcome->gid, sizeof welcome->gid);
    return connect_queue(port_, *queue_, own, other, RdmaSide::asks);
}

Result<std::unique_ptr<RdmaWay>> RdmaWay::connect(const std::string& where,
                                                  const std::optional<Key>& key,
                                                  std::span<uint8_t> buffer) {
    auto socket = connect_tcp(where, TCP_TIMEOUT_S);
    if (!socket) return std::unexpected(socket.error());
    std::unique_ptr<RdmaWay> way(new RdmaWay(where, buffer));
    way->socket_ = std::move(*socket);
    auto port = RdmaPort::of_socket(way->socket_.get());
    if (!port) return std::unexpected(port.error());
    way->port_ = std::move(*port);
    if (auto made = way->make_queue(); !made) return std::unexpected(made.error());
    if (auto agreed = way->agree(key); !agreed) return std::unexpected(agreed.error());
    return way;
}

Result<void> RdmaWay::carry_out(ibv_wr_opcode what, const RdmaPlace& there, size_t size) {
    ibv_sge here = {.addr = reinterpret_cast<uint64_t>(buffer_.data()),
                    .length = static_cast<uint32_t>(size),
                    .lkey = region_->lkey};
    ibv_send_wr work{};
    work.sg_list = &here;
    work.num_sge = 1;
    work.opcode = what;
    work.send_flags = IBV_SEND_SIGNALED;
    work.wr.rdma.remote_addr = there.address;
    work.wr.rdma.rkey = there.key;
    ibv_send_wr* bad = nullptr;
    const int problem = ibv_post_send(queue_.get(), &work, &bad);
    if (problem != 0) return cannot(where_, std::strerror(problem));
    const auto end = Clock::now() + PATIENCE;
    for (int looks = 1;; looks++) {
        ibv_wc done{};
        const int count = ibv_poll_cq(completions_.get(), 1, &done);
        if (count < 0) return cannot("the RDMA adapter", "it cannot be polled");
        if (count > 0) return told(done);
        if (looks < LOOKS_BEFORE_A_REST) continue;
        if (Clock::now() > end) return cannot(where_, "its adapter does not answer");
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

Result<void> RdmaWay::told(const ibv_wc& done) const {
    if (done.status == IBV_WC_SUCCESS) return {};
    if (done.status == IBV_WC_RETRY_EXC_ERR)
        return cannot(
            where_, "its adapter does not answer: the machine, its adapter or the network is dead");
    return cannot(where_,
                  std::string("its adapter refuses: ") + port_.library->status_text(done.status));
}

}  // namespace defib::boot::remote
