/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that wait, in each of the states in which a process can wait. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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

int read_unmapped(char** arguments) {
    const unsigned long bytes = number(arguments[1]) << 20;
    char* memory = touched_memory(bytes);
    const int device = open(arguments[0], O_RDONLY);
    if (device < 0) die(arguments[0]);
    puts("reads");
    fflush(stdout);
    sleep_ms(500);
    if (read(device, memory, bytes) < 0) die("read");
    puts("has read");
    fflush(stdout);
    sleep_for_ever();
    return 0;
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
    // clang-format off
    if (vfork() == 0) for (;;) pause();  // NOLINT(clang-analyzer-security.insecureAPI.vfork)
    // clang-format on
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
