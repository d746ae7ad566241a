// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// All that a sealed process may still ask of its kernel, each line with its reason. Reading the
// clock is no call here: it is done without entering the kernel wherever the clock allows that.
#ifndef DEFIB_BOOT_SEAL_ALLOW_LIST_H
#define DEFIB_BOOT_SEAL_ALLOW_LIST_H

#include <sys/types.h>

#include <vector>

#include "boot/seal/filter.h"

namespace defib::seal {

// The files that stay open; -1: there is none. Nothing can be opened later.
struct Files {
    int log = -1;       // written: what a person should see; standard error
    int events = -1;    // written: the same for the system's journal
    int journal = -1;   // written, flushed, nothing else
    int notify = -1;    // written: systemd's watchdog
    int signals = -1;   // read: somebody wants us to stop
    int engine = -1;    // waited for: the engine's process has ended
    int scraped = -1;   // waited for: the process that is scraped has ended
    int answerer = -1;  // waited for: the process that answers remotes has ended
    int teller = -1;    // written: what a program is to be told of findings
    int memory = -1;    // asked where it has holes: the target's memory, of who gives it to remotes
    int listener = -1;  // accepts: who is scraped or asked has no other way to a new file
};

// Who supervises: it has the journal, and no window.
std::vector<Allowance> supervisor_allowances(const Files& files);

// Who is scraped: it has numbers that it may only read, and the connections that come to it.
std::vector<Allowance> server_allowances(const Files& files);

// Who answers remotes: the same, and it may have more memory, which is never code.
std::vector<Allowance> answerer_allowances(const Files& files);

// Who runs the engine on this processor: it has the window, and no file at all.
std::vector<Allowance> engine_allowances();

// Who holds a GPU: nothing but to stop itself, again and again. `self` is its own number.
std::vector<Allowance> gpu_host_allowances(pid_t self);

}  // namespace defib::seal

#endif
