/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that holds one of each: what a restart gives back it looks for itself, and what it
 * cannot is there to be named.
 *
 *   holder FOLDER       says "ready"; USR1: says "unharmed", or what is not as it was
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    SHARED = 10,
    SHARED_TOO = 11,
    APPENDS = 12,
    NOTHING = 13,
    FOLDER = 14,
    SOCKET = 15,
    SOCKET_TOO = 16,
    EVENTS = 17,
    DELETED = 18,
    FAR_AWAY = 200,
    OFFSET = 77,
    USER = 1000,
    GROUP = 1001,
    PAGE = 4096,
    STACK = 65536
};

static uint64_t* closed;
static uint64_t* shared;
static uint64_t* locked;
static unsigned char* signal_stack;
static void* end_of_heap;
static volatile sig_atomic_t is_asked;
static volatile sig_atomic_t ticks;
static volatile sig_atomic_t was_on_signal_stack;
static volatile sig_atomic_t has_second_mask;
static volatile sig_atomic_t second_was_woken;
static pthread_t second;

static void die(const char* what) {
    fprintf(stderr, "holder: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void on_user_signal(int number) {
    unsigned char here = (unsigned char)number;
    unsigned char* volatile at = &here;
    is_asked = 1;
    was_on_signal_stack = at >= signal_stack && at < signal_stack + STACK;
}

static void on_tick(int number) {
    (void)number;
    ticks = ticks + 1;
}

static void on_window(int number) {
    (void)number;
}

static int blocks(int number) {
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    return sigismember(&mask, number);
}

/* WINCH comes to it in ppoll() alone, whose mask is another one: behind it, its own is back. */
static void* wait_with_another_mask(void* nothing) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGWINCH);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGUSR2);
    sigaddset(&mask, SIGRTMIN + 1);
    sigaddset(&mask, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    prctl(PR_SET_NAME, "second", 0, 0, 0);
    sigdelset(&mask, SIGWINCH);
    for (;;) {
        const int woken = ppoll(NULL, 0, NULL, &mask);
        has_second_mask = woken < 0 && errno == EINTR && blocks(SIGWINCH);
        second_was_woken = second_was_woken + 1;
    }
    return nothing;
}

static void listen_to(int number, void (*handler)(int), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    action.sa_flags = flags;
    if (sigaction(number, &action, NULL) != 0) die("sigaction");
}

static void move_to(int descriptor, int number) {
    if (descriptor < 0 || dup2(descriptor, number) != number) die("files");
    if (descriptor != number) close(descriptor);
}

static void take_files(void) {
    int ends[2];
    move_to(open("shared", O_RDWR | O_CREAT | O_TRUNC, 0600), SHARED);
    if (ftruncate(SHARED, PAGE) != 0 || lseek(SHARED, OFFSET, SEEK_SET) != OFFSET) die("shared");
    if (dup2(SHARED, SHARED_TOO) != SHARED_TOO) die("shared");
    move_to(open("log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600), APPENDS);
    if (fcntl(APPENDS, F_SETFD, FD_CLOEXEC) != 0) die("log");
    move_to(open("/dev/null", O_RDWR), NOTHING);
    move_to(open(".", O_RDONLY | O_DIRECTORY), FOLDER);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) die("sockets");
    move_to(ends[1], SOCKET_TOO);
    move_to(ends[0], SOCKET);
    move_to(eventfd(0, 0), EVENTS);
    move_to(open("gone", O_RDWR | O_CREAT, 0600), DELETED);
    unlink("gone");
    move_to(open("far", O_RDWR | O_CREAT | O_TRUNC | O_NONBLOCK, 0600), FAR_AWAY);
}

static uint64_t* take_page(int kind) {
    uint64_t* page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) die("memory");
    return page;
}

static void take_memory(void) {
    closed = take_page(MAP_PRIVATE);
    shared = take_page(MAP_SHARED);
    locked = take_page(MAP_PRIVATE);
    closed[5] = 0xc105ed;
    shared[6] = 0x54a4ed;
    locked[7] = 0x10c4ed;
    if (mprotect(closed, PAGE, PROT_NONE) != 0 || mlock(locked, PAGE) != 0) die("memory");
    end_of_heap = sbrk(0);
}

static void take_signals(void) {
    const struct itimerval often = {{0, 20000}, {0, 20000}};
    sigset_t waiting;
    signal_stack = malloc(STACK);
    const stack_t stack = {.ss_sp = signal_stack, .ss_flags = 0, .ss_size = STACK};
    if (!signal_stack || sigaltstack(&stack, NULL) != 0) die("signal stack");
    sigemptyset(&waiting);
    sigaddset(&waiting, SIGUSR2);
    sigaddset(&waiting, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &waiting, NULL);
    listen_to(SIGUSR1, on_user_signal, SA_ONSTACK);
    listen_to(SIGALRM, on_tick, SA_RESTART);
    listen_to(SIGWINCH, on_window, 0);
    kill(getpid(), SIGUSR2);
    raise(SIGRTMIN + 1);
    if (setitimer(ITIMER_REAL, &often, NULL) != 0) die("timer");
}

static void become_another(void) {
    const gid_t groups[] = {GROUP, 44, 7};
    umask(027);
    if (setpriority(PRIO_PROCESS, 0, 5) != 0) die("priority");
    if (setgroups(3, groups) != 0 || setresgid(GROUP, GROUP, GROUP) != 0 ||
        setresuid(USER, USER, USER) != 0)
        die("user");
}

static const char* wrong_file(void) {
    struct stat status;
    if (lseek(SHARED, 0, SEEK_CUR) != OFFSET) return "an offset";
    lseek(SHARED_TOO, OFFSET + 1, SEEK_SET);
    if (lseek(SHARED, 0, SEEK_CUR) != OFFSET + 1) return "an offset that two have in common";
    lseek(SHARED, OFFSET, SEEK_SET);
    if ((fcntl(APPENDS, F_GETFL) & (O_APPEND | O_ACCMODE)) != (O_APPEND | O_WRONLY))
        return "flags of a file";
    if (fcntl(APPENDS, F_GETFD) != FD_CLOEXEC || fcntl(SHARED, F_GETFD) != 0)
        return "close-on-exec";
    if (fstat(NOTHING, &status) != 0 || status.st_rdev != makedev(1, 3)) return "/dev/null";
    if (fstat(FOLDER, &status) != 0 || !S_ISDIR(status.st_mode)) return "a folder";
    if ((fcntl(FAR_AWAY, F_GETFL) & O_NONBLOCK) == 0) return "a file far away";
    if (fstat(SOCKET, &status) != 0 || !S_ISSOCK(status.st_mode)) return "a socket";
    return NULL;
}

static const char* wrong_memory(void) {
    if (mprotect(closed, PAGE, PROT_READ) != 0 || closed[5] != 0xc105ed) return "closed memory";
    if (mprotect(closed, PAGE, PROT_NONE) != 0) return "closed memory";
    if (shared[6] != 0x54a4ed) return "shared memory";
    if (locked[7] != 0x10c4ed) return "locked memory";
    if (sbrk(0) != end_of_heap) return "the end of the heap";
    end_of_heap = (char*)sbrk(PAGE) + PAGE;
    if (sbrk(0) != end_of_heap) return "a heap that grows";
    return NULL;
}

static const char* wrong_signal(void) {
    sigset_t pending;
    stack_t stack;
    const int before = ticks;
    const int woken = second_was_woken;
    sigpending(&pending);
    if (!sigismember(&pending, SIGUSR2) || !sigismember(&pending, SIGRTMIN + 1))
        return "signals that wait";
    if (!blocks(SIGUSR2)) return "a mask";
    if (sigaltstack(NULL, &stack) != 0 || stack.ss_sp != signal_stack || stack.ss_size != STACK)
        return "the signal stack";
    if (!was_on_signal_stack) return "a handler on its stack";
    for (int i = 0; i < 1000 && ticks == before; i++) usleep(5000);
    if (ticks == before) return "the timer";
    if (pthread_kill(second, SIGWINCH) != 0) return "the second thread";
    for (int i = 0; i < 1000 && second_was_woken == woken; i++) usleep(5000);
    if (second_was_woken == woken) return "the second thread does not wake";
    if (!has_second_mask) return "a mask behind ppoll()";
    return NULL;
}

static const char* wrong_rights(void) {
    uid_t uid[3];
    gid_t gid[3];
    gid_t groups[8];
    const mode_t mask = umask(027);
    if (mask != 027) return "umask";
    if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 || getresgid(&gid[0], &gid[1], &gid[2]) != 0)
        return "users";
    for (int i = 0; i < 3; i++)
        if (uid[i] != USER || gid[i] != GROUP) return "users";
    if (getgroups(8, groups) != 3) return "groups";
    if (getpriority(PRIO_PROCESS, 0) != 5) return "priority";
    return NULL;
}

static void say_how_it_is(void) {
    const char* (*const looks[])(void) = {wrong_file, wrong_memory, wrong_signal, wrong_rights};
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        const char* wrong = looks[i]();
        if (!wrong) continue;
        printf("harmed: %s\n", wrong);
        fflush(stdout);
        return;
    }
    puts("unharmed");
    fflush(stdout);
}

int main(int argc, char** argv) {
    if (argc < 2 || chdir(argv[1]) != 0) die("start");
    take_files();
    take_memory();
    take_signals();
    become_another();
    /* Ticks are for the first thread. */
    if (pthread_create(&second, NULL, wait_with_another_mask, NULL) != 0) die("thread");
    end_of_heap = sbrk(0);
    puts("ready");
    fflush(stdout);
    for (;;) {
        usleep(10000);
        if (!is_asked) continue;
        is_asked = 0;
        say_how_it_is();
    }
}
