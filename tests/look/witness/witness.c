/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs in the guest and says what was there, to hold a look from outside against it. Plain C and
 * static: the guest has no libraries.
 *
 *   witness processes          what /proc says of every process and thread, one line each
 *   witness crowd COUNT        so many processes that sleep; the first hundred as other users
 *   witness threads COUNT      so many threads of one process, which sleep
 *   witness memory MIB         one that holds so much memory, and sleeps
 *   witness scribble FILE      writes to the file's first page all the time, through a mapping
 *   witness churn FILE         forks, threads and execs until SIGTERM. Whatever it makes writes its
 *                              number and start into FILE before it ends, so that afterwards FILE
 *                              holds everything that was ever there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char* what) {
    fprintf(stderr, "witness: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* The first bytes of a file; 0 where it is gone. */
static size_t read_start(const char* path, char* into, size_t size) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;
    if (file < 0) return 0;
    n = read(file, into, size - 1);
    close(file);
    if (n <= 0) return 0;
    into[n] = 0;
    return (size_t)n;
}

static void cut_line(char* text) {
    text[strcspn(text, "\n")] = 0;
}

/* P USER CGROUP STAT, where STAT is the line of /proc/PID/stat. */
static void print_process(const char* pid) {
    char path[64];
    char stat[1024];
    char status[4096];
    char cgroup[512];
    const char* user = NULL;
    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    if (!read_start(path, stat, sizeof(stat))) return;
    snprintf(path, sizeof(path), "/proc/%s/status", pid);
    if (!read_start(path, status, sizeof(status))) return;
    snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
    if (!read_start(path, cgroup, sizeof(cgroup))) return;
    user = strstr(status, "\nUid:");
    if (!user) return;
    cut_line(stat);
    cut_line(cgroup);
    printf("P %ld %s %s\n", strtol(user + 5, NULL, 10),
           strncmp(cgroup, "0::", 3) == 0 ? cgroup + 3 : "?", stat);
}

/* T PID STAT of a thread that is not its process' first. */
static void print_threads(const char* pid) {
    char path[64];
    char stat[1024];
    DIR* tasks = NULL;
    snprintf(path, sizeof(path), "/proc/%s/task", pid);
    tasks = opendir(path);
    if (!tasks) return;
    for (struct dirent* one = readdir(tasks); one; one = readdir(tasks)) {
        if (one->d_name[0] == '.' || strcmp(one->d_name, pid) == 0) continue;
        snprintf(path, sizeof(path), "/proc/%.16s/task/%.16s/stat", pid, one->d_name);
        if (!read_start(path, stat, sizeof(stat))) continue;
        cut_line(stat);
        printf("T %s %s\n", pid, stat);
    }
    closedir(tasks);
}

static int print_processes(void) {
    static char buffer[1 << 20];
    DIR* all = opendir("/proc");
    if (!all) die("/proc");
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    for (struct dirent* one = readdir(all); one; one = readdir(all)) {
        if (one->d_name[0] < '0' || one->d_name[0] > '9') continue;
        print_process(one->d_name);
        print_threads(one->d_name);
    }
    closedir(all);
    return 0;
}

static void sleep_for_ever(void) {
    for (;;) pause();
}

static int crowd(unsigned long count) {
    prctl(PR_SET_NAME, "w-crowd");
    for (unsigned long i = 0; i < count; i++) {
        const pid_t child = fork();
        if (child < 0) die("fork");
        if (child > 0) continue;
        if (i < 100 && setuid((uid_t)(1000 + i)) != 0) die("setuid");
        sleep_for_ever();
    }
    puts("all are there");
    fflush(stdout);
    sleep_for_ever();
    return 0;
}

static void* sleep_as_thread(void* nothing) {
    sleep_for_ever();
    return nothing;
}

/* Their stacks lie in one mapping: of mappings a process has 65530 at most. */
static int threads(unsigned long count) {
    const size_t stack = 16 << 10;
    char* stacks = mmap(NULL, stack * count, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pthread_attr_t attributes;
    if (stacks == MAP_FAILED) die("mmap");
    prctl(PR_SET_NAME, "w-threads");
    for (unsigned long i = 0; i < count; i++) {
        pthread_t thread;
        pthread_attr_init(&attributes);
        pthread_attr_setstack(&attributes, stacks + i * stack, stack);
        if (pthread_create(&thread, &attributes, sleep_as_thread, NULL) != 0) die("thread");
    }
    puts("all are there");
    fflush(stdout);
    sleep_for_ever();
    return 0;
}

static int memory(unsigned long mib) {
    const size_t bytes = mib << 20;
    char* block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) die("mmap");
    prctl(PR_SET_NAME, "w-memory");
    memset(block, 1, bytes);
    puts("it is there");
    fflush(stdout);
    sleep_for_ever();
    return 0;
}

/* No two looks at the page see the same, wherever in it they look. */
static int scribble(const char* path) {
    enum { WORDS = 4096 / sizeof(unsigned long) };
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    volatile unsigned long* page;
    unsigned long turn;
    if (file < 0 || ftruncate(file, 4096) != 0) die(path);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) die(path);
    page[0] = 1;
    puts("it moves");
    fflush(stdout);
    for (turn = 1;; turn++) page[turn % WORDS] = turn;
}

static volatile sig_atomic_t is_over;

static void end(int number) {
    (void)number;
    is_over = 1;
}

/* "PID START", by one write, so that lines do not mix. */
static void testify(int file) {
    char path[64];
    char stat[1024];
    char line[64];
    const char* at = NULL;
    unsigned long long start = 0;
    const long self = syscall(SYS_gettid);
    snprintf(path, sizeof(path), "/proc/%d/task/%ld/stat", getpid(), self);
    if (!read_start(path, stat, sizeof(stat))) die(path);
    at = strrchr(stat, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    if (!at) die("stat");
    start = strtoull(at, NULL, 10);
    snprintf(line, sizeof(line), "%ld %llu\n", self, start);
    if (write(file, line, strlen(line)) < 0) die("testimony");
}

static void* be_a_thread(void* file) {
    prctl(PR_SET_NAME, "w-thread");
    testify(*(int*)file);
    return NULL;
}

/* One of a few short lives. */
static void live(int file, unsigned turn) {
    pthread_t thread;
    prctl(PR_SET_NAME, "w-child");
    testify(file);
    switch (turn % 4) {
        case 0:
            execl("/proc/self/exe", "witness", "nothing", NULL);
            die("exec");
            break;
        case 1:
            if (pthread_create(&thread, NULL, be_a_thread, &file) == 0) pthread_join(thread, NULL);
            break;
        case 2:
            if (fork() == 0) testify(file);
            break;
        default:
            break;
    }
    _exit(0);
}

static int churn(const char* path) {
    const int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    struct sigaction action = {.sa_handler = end};
    if (file < 0) die(path);
    sigaction(SIGTERM, &action, NULL);
    /* A child whose parent has ended is this process' too, so that its end can be waited for. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "w-churn");
    puts("begins");
    fflush(stdout);
    unsigned alive = 0;
    for (unsigned turn = 0; !is_over; turn++) {
        const pid_t child = fork();
        if (child == 0) live(file, turn);
        if (child > 0) alive++;
        while (waitpid(-1, NULL, alive < 8 ? WNOHANG : 0) > 0) alive -= alive > 0 ? 1 : 0;
    }
    for (;;) {
        if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD) break;
    }
    return 0;
}

int main(int count, char** arguments) {
    if (count == 2 && strcmp(arguments[1], "processes") == 0) return print_processes();
    if (count == 2 && strcmp(arguments[1], "nothing") == 0) return 0;
    if (count == 3 && strcmp(arguments[1], "crowd") == 0)
        return crowd(strtoul(arguments[2], NULL, 10));
    if (count == 3 && strcmp(arguments[1], "threads") == 0)
        return threads(strtoul(arguments[2], NULL, 10));
    if (count == 3 && strcmp(arguments[1], "memory") == 0)
        return memory(strtoul(arguments[2], NULL, 10));
    if (count == 3 && strcmp(arguments[1], "scribble") == 0) return scribble(arguments[2]);
    if (count == 3 && strcmp(arguments[1], "churn") == 0) return churn(arguments[2]);
    fputs(
        "usage: witness processes | crowd COUNT | threads COUNT | memory MIB | scribble FILE | "
        "churn FILE\n",
        stderr);
    return 2;
}
