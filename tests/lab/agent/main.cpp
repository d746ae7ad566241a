// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstring>

#include "tests/lab/agent/agent.h"

int main(int argc, char** argv) {
    using namespace defib::lab::agent;
    if (::getpid() == 1) be_init();
    if (argc == 2 && std::strcmp(argv[1], "serve") == 0) return serve();
    return run_tool(argc, argv);
}
