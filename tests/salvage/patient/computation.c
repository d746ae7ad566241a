/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A computation of several threads over files, whose result depends on every step of it: whoever
 * misses one, or does one twice, has another number at the end.
 *
 *   computation FOLDER ROUNDS     makes FOLDER/input, and says its result at the end
 *
 * Each thread reads its part of the input by its own descriptor, mixes it into memory of its own
 * (heap), a shared table (under a lock) and a mapped file, and writes a line a round to its own
 * log. All meet after each round. Shortly before the end they wait until there is
 * a file FOLDER/go, so that whoever wants to find them at work has the time.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 4, WORDS = 4096, BLOCK = 512, TABLE = 1024 };

static uint64_t table[TABLE];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t round_ends;
static uint64_t* mapped;
static unsigned long rounds;
static uint64_t results[THREADS];

static void die(const char* what) {
    fprintf(stderr, "computation: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t mix(uint64_t value) {
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdu;
    value ^= value >> 29;
    return value * 0x9e3779b97f4a7c15u + 1;
}

static void make_input(void) {
    uint64_t words[WORDS];
    uint64_t value = 1;
    for (int i = 0; i < WORDS; i++) words[i] = value = mix(value);
    const int file = open("input", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, words, sizeof(words)) != sizeof(words)) die("input");
    close(file);
}

static int open_log(long me) {
    char name[32];
    snprintf(name, sizeof(name), "log%ld", me);
    const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) die(name);
    return file;
}

static void write_line(int file, unsigned long round, uint64_t value) {
    char line[64];
    const int size =
        snprintf(line, sizeof(line), "%lu %016llx\n", round, (unsigned long long)value);
    for (int done = 0; done < size;) {
        const ssize_t put = write(file, line + done, (size_t)(size - done));
        if (put < 0 && errno != EINTR) die("log");
        if (put > 0) done += (int)put;
    }
}

/* The next block of the input; from its start again behind its end. */
static void read_block(int file, uint64_t* block) {
    for (size_t done = 0; done < BLOCK * sizeof(uint64_t);) {
        const ssize_t got = read(file, (char*)block + done, BLOCK * sizeof(uint64_t) - done);
        if (got < 0 && errno != EINTR) die("read");
        if (got == 0 && lseek(file, 0, SEEK_SET) != 0) die("seek");
        if (got > 0) done += (size_t)got;
    }
}

static void* work(void* number) {
    const long me = (long)number;
    const int input = open("input", O_RDONLY);
    const int log = open_log(me);
    uint64_t* own = calloc(BLOCK, sizeof(uint64_t));
    uint64_t block[BLOCK];
    double sum = 0;
    if (input < 0 || !own) die("thread");
    if (lseek(input, me * BLOCK * (long)sizeof(uint64_t), SEEK_SET) < 0) die("seek");
    for (unsigned long round = 0; round < rounds; round++) {
        read_block(input, block);
        for (int i = 0; i < BLOCK; i++) {
            own[i] = mix(own[i] ^ block[i] ^ round);
            sum = sum * 0.5 + (double)(own[i] >> 40);
            pthread_mutex_lock(&lock);
            table[(own[i] >> 8) % TABLE] += own[i];
            pthread_mutex_unlock(&lock);
            mapped[me * BLOCK + i] += own[i] ^ (uint64_t)sum;
        }
        write_line(log, round, own[round % BLOCK]);
        pthread_barrier_wait(&round_ends);
        while (round + 10 == rounds && access("go", F_OK) != 0) usleep(10000);
    }
    for (int i = 0; i < BLOCK; i++) results[me] = mix(results[me] ^ own[i]);
    results[me] ^= (uint64_t)sum;
    return NULL;
}

static uint64_t sum_of_file(const char* name, uint64_t value) {
    const int file = open(name, O_RDONLY);
    unsigned char bytes[4096];
    if (file < 0) die(name);
    for (ssize_t got; (got = read(file, bytes, sizeof(bytes))) > 0;)
        for (ssize_t i = 0; i < got; i++) value = mix(value ^ bytes[i]);
    close(file);
    return value;
}

int main(int argc, char** argv) {
    pthread_t threads[THREADS];
    if (argc < 3 || chdir(argv[1]) != 0) die("start");
    rounds = strtoul(argv[2], NULL, 10);
    make_input();
    const size_t bytes = THREADS * BLOCK * sizeof(uint64_t);
    const int file = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ftruncate(file, (off_t)bytes) != 0) die("mapped");
    mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) die("mapped");
    pthread_barrier_init(&round_ends, NULL, THREADS);
    for (long i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void*)i) != 0) die("thread");
    puts("ready");
    fflush(stdout);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);

    uint64_t all = 1;
    for (int i = 0; i < TABLE; i++) all = mix(all ^ table[i]);
    for (int i = 0; i < THREADS; i++) all = mix(all ^ results[i]);
    for (int i = 0; i < THREADS * BLOCK; i++) all = mix(all ^ mapped[i]);
    for (long i = 0; i < THREADS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "log%ld", i);
        all = sum_of_file(name, all);
    }
    printf("result %016llx\n", (unsigned long long)all);
    return 0;
}
