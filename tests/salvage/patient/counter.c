/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop that prints numbers, for ever: one a line, to its standard output. It asks for the time
 * as well, which the kernel's own page of code tells.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    for (unsigned long i = 0;; i++) {
        struct timespec now = {0, 0};
        if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 || now.tv_nsec > 999999999) return 1;
        printf("%lu\n", i);
        fflush(stdout);
        usleep(2000);
    }
}
