// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// "ADDRESS:PORT" to listen at and to connect to: "127.0.0.1:7070", "[::1]:7070".
#ifndef DEFIB_ENGINE_BASE_TCP_H
#define DEFIB_ENGINE_BASE_TCP_H

#include <cstdint>
#include <string>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace defib {

struct TcpListener {
    UniqueFd socket;    // does not block
    uint16_t port = 0;  // of "ADDRESS:0": the one that was free
};

// No names are looked up. `others` is what else might have been written, for the error.
Result<TcpListener> listen_tcp(const std::string& where, const char* others = "");

// Whether it is bound to an address that only this machine reaches.
bool is_of_this_machine_only(int socket);

// Names are looked up. Neither sending nor receiving waits longer than that.
Result<UniqueFd> connect_tcp(const std::string& where, int timeout_s, const char* others = "");

}  // namespace defib

#endif
