/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop that prints numbers, for ever: one a line, to its standard output. It asks for the time
 * as well, which the kernel's own page of code tells.
 *
 *   counter [MEGABYTES]     with so much memory, of which each turn changes one page
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* Not static, so that a debugger finds it. */
volatile unsigned long number;

int main(int argc, char** argv) {
    const size_t pages = (argc > 1 ? strtoul(argv[1], NULL, 10) : 0) * (1 << 20) / PAGE + 1;
    unsigned char* memory = malloc(pages * PAGE);
    if (!memory) return 1;
    for (size_t i = 0; i < pages * PAGE; i += sizeof(size_t)) *(size_t*)(memory + i) = i + 1;
    for (;; number++) {
        struct timespec now = {0, 0};
        if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 || now.tv_nsec > 999999999) return 1;
        memory[number % pages * PAGE]++;
        printf("%lu\n", number);
        fflush(stdout);
        usleep(2000);
    }
}
