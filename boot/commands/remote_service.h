// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib run --serve`: a session that answers remotes (remote_answers.h).
#ifndef DEFIB_BOOT_COMMANDS_REMOTE_SERVICE_H
#define DEFIB_BOOT_COMMANDS_REMOTE_SERVICE_H

#include "boot/remote/service.h"
#include "boot/session/guard.h"

namespace CLI {
class App;
}

namespace defib::boot {

struct ServeArguments {
    std::string where;  // empty: nobody is served
    std::string key;    // a file; empty: nobody may act
    bool opens_memory = false;
};

// --serve, --serve-key and --serve-memory.
void declare_serve(CLI::App& options, ServeArguments& arguments);

// Null: nobody is to be served. Session and guard outlive it.
Result<std::unique_ptr<remote::Service>> start_service(const ServeArguments& arguments,
                                                       Session& session, const Guard& guard);

}  // namespace defib::boot

#endif
