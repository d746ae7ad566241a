/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "victim.h"

void die(const char* what) {
    fprintf(stderr, "victim: %s: %s\n", what, strerror(errno));
    exit(1);
}

unsigned long number(const char* argument) {
    char* end = NULL;
    const unsigned long value = strtoul(argument, &end, 10);
    if (end == argument || *end) {
        fprintf(stderr, "victim: %s: not a number\n", argument);
        exit(2);
    }
    return value;
}

void start_children(unsigned long count, void (*body)(void* context), void* context) {
    for (unsigned long i = 0; i < count; i++) {
        const pid_t child = fork();
        if (child < 0) die("fork");
        if (child == 0) {
            body(context);
            _exit(0);
        }
    }
}

int wait_for_children(void) {
    puts("started");
    fflush(stdout);
    while (wait(NULL) > 0 || errno == EINTR) {
    }
    return 0;
}

int run_children(unsigned long count, void (*body)(void* context), void* context) {
    start_children(count, body, context);
    return wait_for_children();
}

void sleep_ms(unsigned long ms) {
    const struct timespec span = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&span, NULL);
}

void sleep_for_ever(void) {
    for (;;) sleep_ms(1000000);
}

void compute_for_ever(void) {
    for (volatile unsigned long work = 0;; work++) {
    }
}

char* touched_memory(size_t bytes) {
    char* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) die("mmap");
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    for (size_t at = 0; at < bytes; at += 4096) memory[at] = 1;
    return memory;
}
