/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that eat memory. */
#include <stdio.h>

#include "victim.h"

enum { HOG_STEP_MIB = 16 };

int hog(char** arguments) {
    const unsigned long pause_ms = number(arguments[1]);
    for (unsigned long mib = number(arguments[0]); mib;) {
        const unsigned long step = mib < HOG_STEP_MIB ? mib : HOG_STEP_MIB;
        touched_memory(step << 20);
        mib -= step;
        sleep_ms(pause_ms);
    }
    puts("has it all");
    fflush(stdout);
    sleep_for_ever();
    return 0;
}

int leak(char** arguments) {
    const unsigned long kib = number(arguments[0]);
    const unsigned long pause_ms = number(arguments[1]);
    for (;;) {
        touched_memory(kib << 10);
        sleep_ms(pause_ms);
    }
}

int swapper(char** arguments) {
    const unsigned long bytes = number(arguments[0]) << 20;
    char* memory = touched_memory(bytes);
    for (unsigned long round = 1;; round++) {
        printf("round %lu\n", round);
        fflush(stdout);
        for (unsigned long at = 0; at < bytes; at += 4096) memory[at]++;
    }
}
