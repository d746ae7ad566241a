/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the victim's sub-commands share. Plain C and linked statically, so that it runs in a guest
 * that holds nothing else; each process names itself after its sub-command ("v-hog"), so that a
 * test finds it in /proc and nothing else by that name is there.
 */
#ifndef DEFIB_FAULTS_VICTIM_H
#define DEFIB_FAULTS_VICTIM_H

#include <stddef.h>

/* A sub-command gets its arguments, of which there are at least as many as it asks for. */
int hog(char** arguments);
int leak(char** arguments);
int swapper(char** arguments);
int spin(char** arguments);
int spin_realtime(char** arguments);
int fork_bomb(char** arguments);
int thread_bomb(char** arguments);
int crowd_busy(char** arguments);
int crowd_asleep(char** arguments);
int read_device(char** arguments);
int read_unmapped(char** arguments);
int open_files(char** arguments);
int stopped(char** arguments);
int vfork_parent(char** arguments);
int report_signals(char** arguments);
int disk(char** arguments);
int churn(char** arguments);
int urgently(char** arguments);

/* Ends the program with a line that says what failed. */
void die(const char* what);

/* The argument as a number, or the end of the program. */
unsigned long number(const char* argument);

/* Forks `count` children that run `body`. */
void start_children(unsigned long count, void (*body)(void* context), void* context);

/* The same, and waits for them all. */
int run_children(unsigned long count, void (*body)(void* context), void* context);

/* Says that they were started, and waits until all have ended. */
int wait_for_children(void);

void sleep_ms(unsigned long ms);
void sleep_for_ever(void);
void compute_for_ever(void);

/* Private memory in small pages, touched: THP would make 2 MiB steps of what should be a slope. */
char* touched_memory(size_t bytes);

#endif
