/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
#include "victim.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static const struct command {
    const char* name;
    int arguments;
    int (*run)(char** arguments);
    const char* usage;
} commands[] = {
    {"hog", 2, hog, "MIB PAUSE_MS: touches that much, pausing after each 16 MiB; then sleeps"},
    {"leak", 2, leak, "KIB PAUSE_MS: so much more each time, for ever"},
    {"swapper", 1, swapper, "MIB: goes round so much memory, again and again"},
    {"spin", 1, spin, "COUNT: so many processes compute for ever"},
    {"spin-rt", 1, spin_realtime, "COUNT: the same under SCHED_FIFO, priority 50"},
    {"fork-bomb", 1, fork_bomb, "MOST: every process forks for ever, up to so many at a time"},
    {"thread-bomb", 1, thread_bomb, "MOST: so many threads of one process"},
    {"crowd-busy", 1, crowd_busy, "COUNT: processes that start together and compute for ever"},
    {"crowd-asleep", 1, crowd_asleep, "COUNT: processes that sleep for ever"},
    {"open-files", 1, open_files, "COUNT: has so many files open"},
    {"read", 2, read_device, "DEVICE COUNT: so many processes read a byte, then sleep"},
    {"read-unmapped", 3, read_unmapped,
     "DEVICE MIB COUNT: they read into mappings that the device drops"},
    {"stopped", 0, stopped, ": stops itself"},
    {"vfork", 0, vfork_parent, ": waits, killable, for a vfork child that sleeps"},
    {"signals", 0, report_signals, ": says which signals it gets"},
    {"disk", 3, disk, "PATH MIB COUNT: so many processes write there, synchronously"},
    {"urgently", 1, urgently, "SCRIPT: no victim: a shell above all of them, to look at them"},
    {"churn", 1, churn, "COUNT: so many builders start, compute, write and end, for ever"},
};

/*
 * Whoever starts us may be spared by the OOM killer, as the lab's agent is, and that is inherited.
 * A victim that cannot be killed would be a different fault.
 */
static void be_mortal(void) {
    FILE* file = fopen("/proc/self/oom_score_adj", "w");
    if (!file) return;
    fputs("0", file);
    fclose(file);
}

int main(int count, char** arguments) {
    for (size_t i = 0; count > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        const struct command* command = &commands[i];
        if (strcmp(arguments[1], command->name) != 0) continue;
        if (count - 2 != command->arguments) {
            fprintf(stderr, "usage: victim %s %s\n", command->name, command->usage);
            return 2;
        }
        char name[16];  // what prctl keeps
        snprintf(name, sizeof(name), "v-%s", command->name);
        prctl(PR_SET_NAME, name);
        be_mortal();
        return command->run(arguments + 2);
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(stderr, "victim %s %s\n", commands[i].name, commands[i].usage);
    return 2;
}
