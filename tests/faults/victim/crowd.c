/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that eat time, processes that are many, and one that has many files. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "victim.h"

static void compute(void* context) {
    (void)context;
    compute_for_ever();
}

static void sleep_on(void* context) {
    (void)context;
    sleep_for_ever();
}

int spin(char** arguments) {
    return run_children(number(arguments[0]), compute, NULL);
}

/*
 * A child raises itself, so that the parent stays able to start the rest; it waits until the start
 * of all has been told, or nobody could be told.
 */
static void compute_realtime(void* context) {
    const struct sched_param priority = {.sched_priority = 50};
    (void)context;
    sleep_ms(500);
    if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) die("SCHED_FIFO");
    compute_for_ever();
}

int spin_realtime(char** arguments) {
    return run_children(number(arguments[0]), compute_realtime, NULL);
}

struct shared_count {
    atomic_ulong alive;
};

static struct shared_count* shared_count(void) {
    struct shared_count* count =
        mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (count == MAP_FAILED) die("mmap");
    return count;
}

/*
 * Bounded, so that the guest survives what a test wants to look at: beyond MOST a process waits and
 * tries again, so that those which are killed one by one are replaced, as in an unbounded bomb.
 */
int fork_bomb(char** arguments) {
    const unsigned long most = number(arguments[0]);
    struct shared_count* count = shared_count();
    setpgid(0, 0);  // one kill -9 -PGID ends it
    atomic_store(&count->alive, 1);
    for (;;) {
        if (atomic_fetch_add(&count->alive, 1) < most && fork() >= 0) continue;
        atomic_fetch_sub(&count->alive, 1);
        sleep_ms(10);
    }
}

static void* sleeping_thread(void* unused) {
    sleep_for_ever();
    return unused;
}

int thread_bomb(char** arguments) {
    unsigned long left = number(arguments[0]);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    for (; left; left--) {
        pthread_t thread;
        while (pthread_create(&thread, &small, sleeping_thread, NULL) != 0) sleep_ms(10);
    }
    sleep_for_ever();
    return 0;
}

int open_files(char** arguments) {
    const unsigned long count = number(arguments[0]);
    const struct rlimit most = {count + 64, count + 64};
    if (setrlimit(RLIMIT_NOFILE, &most) != 0) die("RLIMIT_NOFILE");
    for (unsigned long i = 0; i < count; i++)
        if (open("/dev/null", O_RDONLY) < 0) die("/dev/null");
    puts("has them open");
    fflush(stdout);
    sleep_for_ever();
    return 0;
}

/* All of them wait for the pipe's end: a thousand busy ones would starve the parent that forks. */
static void compute_when_closed(void* context) {
    const int* pipe_ends = context;
    char byte;
    close(pipe_ends[1]);
    if (read(pipe_ends[0], &byte, 1) != 0) die("the crowd's pipe");
    compute_for_ever();
}

int crowd_busy(char** arguments) {
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) die("pipe");
    start_children(number(arguments[0]), compute_when_closed, pipe_ends);
    close(pipe_ends[1]);
    return wait_for_children();
}

int crowd_asleep(char** arguments) {
    return run_children(number(arguments[0]), sleep_on, NULL);
}
