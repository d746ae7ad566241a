// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The calls of libibverbs that defib uses, found at run time. Their types come from its headers, so
// that a call that does not fit does not compile. What is posted and polled goes through the
// device's own table, by inline functions of the header.
#ifndef DEFIB_BOOT_REMOTE_RDMA_LIBRARY_H
#define DEFIB_BOOT_REMOTE_RDMA_LIBRARY_H

#include <infiniband/verbs.h>
#include <sys/socket.h>

#include <memory>
#include <span>
#include <string>

#include "engine/base/result.h"

// Functions of the same names hide behind these.
#undef ibv_reg_mr

namespace defib::boot::remote {

struct RdmaLibrary {
    decltype(&ibv_get_device_list) get_device_list = nullptr;
    decltype(&ibv_free_device_list) free_device_list = nullptr;
    decltype(&ibv_open_device) open_device = nullptr;
    decltype(&ibv_close_device) close_device = nullptr;
    decltype(&_ibv_query_gid_table) query_gid_table = nullptr;
    decltype(&ibv_alloc_pd) alloc_pd = nullptr;
    decltype(&ibv_dealloc_pd) dealloc_pd = nullptr;
    decltype(&ibv_reg_mr) reg_mr = nullptr;
    decltype(&ibv_dereg_mr) dereg_mr = nullptr;
    decltype(&ibv_create_cq) create_cq = nullptr;
    decltype(&ibv_destroy_cq) destroy_cq = nullptr;
    decltype(&ibv_create_qp) create_qp = nullptr;
    decltype(&ibv_modify_qp) modify_qp = nullptr;
    decltype(&ibv_destroy_qp) destroy_qp = nullptr;
    decltype(&ibv_wc_status_str) status_text = nullptr;
};

// Loaded once, never unloaded: its providers keep state of their own.
Result<const RdmaLibrary*> rdma_library();

// As adapters have it: an IPv4 address behind ::ffff.
ibv_gid gid_of_address(const sockaddr_storage& address);

// What gives back each object, by the library that made it.
struct RdmaRelease {
    const RdmaLibrary* library = nullptr;
    void operator()(ibv_context* one) const { library->close_device(one); }
    void operator()(ibv_pd* one) const { library->dealloc_pd(one); }
    void operator()(ibv_mr* one) const { library->dereg_mr(one); }
    void operator()(ibv_cq* one) const { library->destroy_cq(one); }
    void operator()(ibv_qp* one) const { library->destroy_qp(one); }
};
template <class T>
using RdmaOwned = std::unique_ptr<T, RdmaRelease>;

// A port of an adapter of this machine, found by an address that its network interface has: RoCE
// version 2, which goes over UDP.
struct RdmaPort {
    const RdmaLibrary* library = nullptr;
    RdmaOwned<ibv_context> context;
    ibv_gid gid = {};
    uint8_t number = 0;
    uint8_t gid_index = 0;

    // Of the socket's own end.
    static Result<RdmaPort> of_socket(int socket);
};

// One end of a connection, and what it takes to reach the other.
struct RdmaEnd {
    uint32_t queue = 0;
    uint32_t first_packet = 0;
    ibv_gid gid = {};
};
enum class RdmaSide : uint8_t { answers, asks };
// From wherever it is to connected. Who only answers can never send.
Result<void> connect_queue(const RdmaPort& port, ibv_qp& queue, const RdmaEnd& own,
                           const RdmaEnd& other, RdmaSide side);

uint32_t random_first_packet();

}  // namespace defib::boot::remote

#endif
