/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* Healthy but heavy: what a busy server does all day. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "victim.h"

enum { BLOCK_BYTES = 256 << 10 };

struct disk_work {
    const char* path;
    unsigned long blocks;
};

/* O_DIRECT and O_SYNC: each write waits for the disk, uninterruptibly (blk_io_schedule). */
static void write_blocks(void* context) {
    const struct disk_work* work = context;
    char* block = NULL;
    const int file = open(work->path, O_WRONLY | O_DIRECT | O_SYNC);
    if (file < 0) die(work->path);
    if (posix_memalign((void**)&block, 4096, BLOCK_BYTES) != 0) die("memory");
    memset(block, (int)getpid(), BLOCK_BYTES);
    srandom((unsigned)getpid());
    for (;;) {
        const off_t at = (off_t)((unsigned long)random() % work->blocks) * BLOCK_BYTES;
        if (pwrite(file, block, BLOCK_BYTES, at) != BLOCK_BYTES) die("write");
    }
}

int disk(char** arguments) {
    struct disk_work work = {arguments[0], number(arguments[1]) * ((1 << 20) / BLOCK_BYTES)};
    if (!work.blocks) {
        fputs("victim: disk: at least 1 MIB\n", stderr);
        return 2;
    }
    return run_children(number(arguments[2]), write_blocks, &work);
}

/* Like one compiler run: a few MiB, some arithmetic, one file, gone. */
static void compile_once(unsigned seed) {
    char path[64];
    const size_t bytes = 6 << 20;
    char* memory = touched_memory(bytes);
    unsigned hash = seed;
    for (size_t i = 0; i < bytes; i++) {
        hash = hash * 31 + (unsigned char)memory[i];
        memory[i] = (char)hash;
    }
    snprintf(path, sizeof(path), "/tmp/churn.%d", (int)getpid());
    FILE* file = fopen(path, "w");
    if (!file) die(path);
    fwrite(memory, 1, 1 << 20, file);
    fclose(file);
    unlink(path);
}

static void build_for_ever(void* context) {
    (void)context;
    for (unsigned seed = 0;; seed++) {
        const pid_t child = fork();
        if (child < 0) die("fork");
        if (child == 0) {
            compile_once(seed);
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
}

int churn(char** arguments) {
    return run_children(number(arguments[0]), build_for_ever, NULL);
}
