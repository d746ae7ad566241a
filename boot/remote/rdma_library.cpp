// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/rdma_library.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <type_traits>

namespace defib::boot::remote {
namespace {

constexpr const char* LIBRARY = "libibverbs.so.1";

Result<RdmaLibrary> load() {
    void* library = ::dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, LIBRARY, "this machine has no such library",
                    "install libibverbs1 and ibverbs-providers, or use TCP");
    }
    RdmaLibrary out;
    const char* missing = nullptr;
    const auto find = [&](const char* name, auto& call) {
        call = reinterpret_cast<std::remove_reference_t<decltype(call)>>(::dlsym(library, name));
        if (call == nullptr) missing = name;
    };
    find("ibv_get_device_list", out.get_device_list);
    find("ibv_free_device_list", out.free_device_list);
    find("ibv_open_device", out.open_device);
    find("ibv_close_device", out.close_device);
    find("_ibv_query_gid_table", out.query_gid_table);
    find("ibv_alloc_pd", out.alloc_pd);
    find("ibv_dealloc_pd", out.dealloc_pd);
    find("ibv_reg_mr", out.reg_mr);
    find("ibv_dereg_mr", out.dereg_mr);
    find("ibv_create_cq", out.create_cq);
    find("ibv_destroy_cq", out.destroy_cq);
    find("ibv_create_qp", out.create_qp);
    find("ibv_modify_qp", out.modify_qp);
    find("ibv_destroy_qp", out.destroy_qp);
    find("ibv_wc_status_str", out.status_text);
    if (missing != nullptr) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, LIBRARY, std::string("it has no ") + missing);
    }
    return out;
}

Result<ibv_gid> gid_of_own_end(int socket) {
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) != 0) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, "a socket", std::strerror(errno));
    }
    return gid_of_address(own);
}

bool find_gid(RdmaPort& port) {
    std::array<ibv_gid_entry, 256> entries{};
    const ssize_t count = port.library->query_gid_table(port.context.get(), entries.data(),
                                                        entries.size(), 0, sizeof entries[0]);
    for (ssize_t i = 0; i < count; i++) {
        const ibv_gid_entry& one = entries[static_cast<size_t>(i)];
        if (one.gid_type != IBV_GID_TYPE_ROCE_V2) continue;
        if (std::memcmp(one.gid.raw, port.gid.raw, sizeof one.gid.raw) != 0) continue;
        port.number = static_cast<uint8_t>(one.port_num);
        port.gid_index = static_cast<uint8_t>(one.gid_index);
        return true;
    }
    return false;
}

}  // namespace

ibv_gid gid_of_address(const sockaddr_storage& address) {
    ibv_gid gid{};
    if (address.ss_family == AF_INET6) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
        std::memcpy(gid.raw, &six.sin6_addr, sizeof gid.raw);
    } else {
        const auto& four = reinterpret_cast<const sockaddr_in&>(address);
        gid.raw[10] = gid.raw[11] = 0xff;
        std::memcpy(gid.raw + 12, &four.sin_addr, sizeof four.sin_addr);
    }
    return gid;
}

Result<const RdmaLibrary*> rdma_library() {
    static const Result<RdmaLibrary> LOADED = load();
    if (!LOADED) return std::unexpected(LOADED.error());
    return &*LOADED;
}

Result<RdmaPort> RdmaPort::of_socket(int socket) {
    const auto library = rdma_library();
    if (!library) return std::unexpected(library.error());
    const auto gid = gid_of_own_end(socket);
    if (!gid) return std::unexpected(gid.error());
    int count = 0;
    ibv_device** devices = (*library)->get_device_list(&count);
    RdmaPort port;
    bool is_found = false;
    for (int i = 0; i < count && !is_found; i++) {
        port.library = *library;
        port.gid = *gid;
        port.context = {(*library)->open_device(devices[i]), {*library}};
        is_found = port.context && find_gid(port);
    }
    if (devices != nullptr) (*library)->free_device_list(devices);
    if (is_found) return port;
    return fail(DEFIB_ERROR_BASE_CANNOT_READ, "RDMA",
                count == 0 ? "this machine has no adapter, or this user may not open it"
                           : "no adapter here has that address",
                "name an address of the adapter's own network interface (RoCE)");
}

Result<void> connect_queue(const RdmaPort& port, ibv_qp& queue, const RdmaEnd& own,
                           const RdmaEnd& other, RdmaSide side) {
    constexpr uint8_t AT_ONCE = 1;    // reads and atomics that are under way
    constexpr uint8_t PATIENCE = 16;  // 4.096 us * 2^16 = 0.3 s until it is sent again,
    constexpr uint8_t AGAIN = 7;      // so often
    constexpr uint8_t HOPS = 64;
    constexpr uint32_t PACKET_NUMBERS = 0xffffff;
    const auto change = [&](ibv_qp_attr& to, unsigned which) -> Result<void> {
        const int problem = port.library->modify_qp(&queue, &to, static_cast<int>(which));
        if (problem == 0) return {};
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, "RDMA",
                    std::string("no connection: ") + std::strerror(problem));
    };
    ibv_qp_attr reset{};
    reset.qp_state = IBV_QPS_RESET;
    if (auto done = change(reset, IBV_QP_STATE); !done) return done;
    ibv_qp_attr init{};
    init.qp_state = IBV_QPS_INIT;
    init.port_num = port.number;
    if (side == RdmaSide::answers)
        init.qp_access_flags = IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE;
    auto done = change(init, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS);
    if (!done) return done;
    ibv_qp_attr receive{};
    receive.qp_state = IBV_QPS_RTR;
    receive.path_mtu = IBV_MTU_1024;
    receive.dest_qp_num = other.queue;
    receive.rq_psn = other.first_packet & PACKET_NUMBERS;
    receive.max_dest_rd_atomic = AT_ONCE;
    receive.min_rnr_timer = 12;
    receive.ah_attr.is_global = 1;
    receive.ah_attr.grh.dgid = other.gid;
    receive.ah_attr.grh.sgid_index = port.gid_index;
    receive.ah_attr.grh.hop_limit = HOPS;
    receive.ah_attr.port_num = port.number;
    done = change(receive, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN |
                               IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER);
    if (!done || side == RdmaSide::answers) return done;
    ibv_qp_attr send{};
    send.qp_state = IBV_QPS_RTS;
    send.timeout = PATIENCE;
    send.retry_cnt = AGAIN;
    send.rnr_retry = AGAIN;
    send.sq_psn = own.first_packet & PACKET_NUMBERS;
    send.max_rd_atomic = AT_ONCE;
    return change(send, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
                            IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC);
}

uint32_t random_first_packet() {
    return randombytes_random() & 0xffffff;
}

}  // namespace defib::boot::remote
