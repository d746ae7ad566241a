// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The one static program in the guest: init, agent, and the small tools that the agent starts.
#ifndef DEFIB_TESTS_LAB_AGENT_AGENT_H
#define DEFIB_TESTS_LAB_AGENT_AGENT_H

namespace defib::lab::agent {

// Process 1: mounts, loads the modules of the initramfs, starts the agent, reaps. Does not return.
[[noreturn]] void be_init();

// Serves the virtio-serial port. Returns only when there is no port to serve.
int serve();

// Two threads that beat into the shared page; see protocol.h. False where there is no such page.
bool start_beating();

// `agent read PATH`, `agent write PATH MODE`, `agent load PATH PARAMETERS`, `agent hold PAGES`.
int run_tool(int argc, char** argv);

}  // namespace defib::lab::agent

#endif
