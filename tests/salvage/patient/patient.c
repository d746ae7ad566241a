/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process to be taken as a core: what it holds is known, so that the core can be held against it,
 * and it can tell whether it is unharmed. Plain C and static: the guest has no libraries.
 *
 *   patient FOLDER       makes FOLDER/mapped and FOLDER/read, says "ready", counts
 *
 * USR1: it looks at all that it holds, and says "unharmed COUNT" or what is wrong. TERM: the same,
 * and it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HEAP_WORDS = 50000, ANONYMOUS_WORDS = 400000, MAPPED_WORDS = 4096, READ_AT = 1234 };

/* Not static, so that a debugger finds them. */
uint64_t* heap_words;
uint64_t* anonymous_words;
uint64_t* mapped_words;
const char* greeting = "it is known";
volatile uint64_t count_of_main;
volatile uint64_t count_of_busy;
int read_descriptor = -1;
static volatile sig_atomic_t is_asked;
static volatile sig_atomic_t is_over;

static void die(const char* what) {
    fprintf(stderr, "patient: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t word_of(uint64_t seed, uint64_t index) {
    return (seed + index) * 0x9e3779b97f4a7c15u;
}

static void fill(uint64_t* words, uint64_t seed, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) words[i] = word_of(seed, i);
}

static int is_as_filled(const uint64_t* words, uint64_t seed, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        if (words[i] != word_of(seed, i)) return 0;
    return 1;
}

static void on_user_signal(int number) {
    (void)number;
    is_asked = 1;
}

static void on_end(int number) {
    (void)number;
    is_asked = 1;
    is_over = 1;
}

/* Sleeps in a read() that never returns, with known values in its frames. */
__attribute__((noinline)) static void wait_deep(int pipe_end, int depth, uint64_t token) {
    volatile uint64_t kept = token + (uint64_t)depth;
    char byte = 0;
    if (depth > 0)
        wait_deep(pipe_end, depth - 1, token);
    else
        while (read(pipe_end, &byte, 1) < 0 && errno == EINTR) continue;
    kept = kept + 1;
}

static void* sleeper(void* pipe_end) {
    wait_deep(*(int*)pipe_end, 3, 0xabcd0000);
    return NULL;
}

/* Never enters the kernel by itself. */
__attribute__((noinline)) static void* busy(void* nothing) {
    volatile double third = 1.0 / 3.0;
    for (;;) count_of_busy = count_of_busy + (third > 0 ? 1 : 2);
    return nothing;
}

/* A pause() that begins, and goes on, with a value in a vector register. */
static uint64_t vector_before = 0x1122334455667788u;
volatile uint64_t vector_after;

__attribute__((noinline)) static void* vector(void* nothing) {
    for (;;) {
        uint64_t after = 0;
        long result = SYS_pause;
        __asm__ volatile("movq %2, %%xmm9\n\tsyscall\n\tmovq %%xmm9, %1"
                         : "+a"(result), "=r"(after)
                         : "r"(vector_before)
                         : "rcx", "r11", "xmm9", "memory");
        vector_after = after;
    }
    return nothing;
}

static void start(void* (*what)(void*), void* with) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, what, with) != 0) die("thread");
}

static int open_in(const char* folder, const char* name) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) die(path);
    return file;
}

static void take_memory(const char* folder) {
    const size_t mapped_bytes = MAPPED_WORDS * sizeof(uint64_t);
    const int file = open_in(folder, "mapped");
    heap_words = malloc(HEAP_WORDS * sizeof(uint64_t));
    anonymous_words = mmap(NULL, ANONYMOUS_WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!heap_words || anonymous_words == MAP_FAILED) die("memory");
    if (ftruncate(file, (off_t)mapped_bytes) != 0) die("mapped");
    mapped_words = mmap(NULL, mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped_words == MAP_FAILED) die("mapped");
    close(file);
    fill(heap_words, 1, HEAP_WORDS);
    fill(anonymous_words, 2, ANONYMOUS_WORDS);
    fill(mapped_words, 3, MAPPED_WORDS);
    read_descriptor = open_in(folder, "read");
    if (write(read_descriptor, heap_words, 8192) != 8192) die("read");
    if (lseek(read_descriptor, READ_AT, SEEK_SET) != READ_AT) die("read");
}

static void listen_to(int number, void (*handler)(int), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaddset(&action.sa_mask, SIGWINCH);
    if (sigaction(number, &action, NULL) != 0) die("sigaction");
}

static void say_how_it_is(void) {
    static uint64_t count_before;
    const char* wrong = NULL;
    /* Its other threads go on, too. */
    while (count_of_busy == count_before) usleep(1000);
    count_before = count_of_busy;
    if (!is_as_filled(heap_words, 1, HEAP_WORDS)) wrong = "the heap";
    if (!is_as_filled(anonymous_words, 2, ANONYMOUS_WORDS)) wrong = "anonymous memory";
    if (!is_as_filled(mapped_words, 3, MAPPED_WORDS)) wrong = "the mapped file";
    if (lseek(read_descriptor, 0, SEEK_CUR) != READ_AT) wrong = "the offset";
    if (vector_after != 0 && vector_after != vector_before) wrong = "a vector register";
    if (wrong)
        printf("harmed: %s\n", wrong);
    else
        printf("unharmed %llu\n", (unsigned long long)count_before);
    fflush(stdout);
}

/* A frame of its own, with arguments that a backtrace shows. */
__attribute__((noinline)) static void count(uint64_t step, const char* what) {
    while (!is_over) {
        count_of_main = count_of_main + step;
        usleep(1000);
        if (is_asked) {
            is_asked = 0;
            say_how_it_is();
        }
    }
    (void)what;
}

int main(int argc, char** argv) {
    static int ends[2];
    sigset_t blocked;
    if (argc < 2 || chdir(argv[1]) != 0 || pipe(ends) != 0) die("start");
    take_memory(argv[1]);
    listen_to(SIGUSR1, on_user_signal, SA_RESTART);
    listen_to(SIGTERM, on_end, 0);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    /* Only main is to be told. */
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    start(sleeper, &ends[0]);
    start(busy, NULL);
    start(vector, NULL);
    sigdelset(&blocked, SIGUSR2);
    pthread_sigmask(SIG_UNBLOCK, &blocked, NULL);
    puts("ready");
    fflush(stdout);
    count(2, greeting);
    return 0;
}
