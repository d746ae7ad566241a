/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that wait, in each of the states in which a process can wait; and one that may not
 * wait. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "victim.h"

static void read_one_byte(void* context) {
    char byte;
    const char* path = context;
    const int device = open(path, O_RDONLY);
    if (device < 0) die(path);
    if (read(device, &byte, 1) < 0) die("read");
    puts("read a byte");
    fflush(stdout);
    sleep_for_ever();
}

int read_device(char** arguments) {
    return run_children(number(arguments[1]), read_one_byte, arguments[0]);
}

struct unmapped {
    const char* path;
    unsigned long bytes;
};

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// A schedule() that happens to come between the device's setting of the flag and the loop takes the
// flag away, and the read ends at once: nothing has happened, so it is tried again. A read that has
// hung before it ended was rescued.
static void read_into_unmapped(void* context) {
    const struct unmapped* unmapped = context;
    const int device = open(unmapped->path, O_RDONLY);
    if (device < 0) die(unmapped->path);
    sleep_ms(500);  // until the start of all has been told
    for (double took = 0; took < 1;) {
        char* memory = touched_memory(unmapped->bytes);
        const double begin = seconds_now();
        if (read(device, memory, unmapped->bytes) < 0) die("read");
        took = seconds_now() - begin;
    }
    puts("has read");
    fflush(stdout);
    sleep_for_ever();
}

int read_unmapped(char** arguments) {
    struct unmapped unmapped = {arguments[0], number(arguments[1]) << 20};
    return run_children(number(arguments[2]), read_into_unmapped, &unmapped);
}

int stopped(char** arguments) {
    (void)arguments;
    puts("stops");
    fflush(stdout);
    raise(SIGSTOP);
    puts("goes on");
    fflush(stdout);
    sleep_for_ever();
    return 0;
}

int vfork_parent(char** arguments) {
    (void)arguments;
    if (vfork() == 0) {
        for (;;) pause();
    }
    return 0;
}

static void report(int signal_number) {
    char line[32];
    const int length = snprintf(line, sizeof(line), "got signal %d\n", signal_number);
    if (write(STDOUT_FILENO, line, (size_t)length) < 0) _exit(1);
}

int report_signals(char** arguments) {
    (void)arguments;
    struct sigaction action = {.sa_handler = report, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);  // one line is written whole before the next
    for (int i = 1; i < NSIG; i++) sigaction(i, &action, NULL);  // KILL and STOP refuse, rightly
    puts("listens");
    fflush(stdout);
    for (;;) pause();
}

int urgently(char** arguments) {
    const struct sched_param priority = {.sched_priority = 60};
    if (sched_setscheduler(0, SCHED_RR, &priority) != 0) die("SCHED_RR");
    execl("/bin/sh", "sh", "-c", arguments[0], (char*)NULL);
    die("/bin/sh");
    return 1;
}
