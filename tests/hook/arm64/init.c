// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The defib authors
//
// The first and only program of the arm64 guest: loads the hook, says what it says about itself,
// takes a CPU off line and back, lets a heart beat on the console, and breaks the machine. Linked
// statically: the guest has nothing else.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void give_up(const char* what) {
    perror(what);
    for (;;) pause();
}

static void load(const char* path) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || syscall(SYS_finit_module, file, "", 0) != 0) give_up(path);
    close(file);
}

static void show(const char* path) {
    char text[512];
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (size < 0) give_up(path);
    text[size] = 0;
    printf("%s: %s", strrchr(path, '/') + 1, text);
    close(file);
}

static void set(const char* path, const char* value) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    const ssize_t size = (ssize_t)strlen(value);
    if (file < 0 || write(file, value, strlen(value)) != size) give_up(path);
    close(file);
}

// What each CPU's counter does while CPU 1 is there, is away, and is back.
static void show_counters(void) {
    show("/sys/class/misc/defib/counters");
    set("/sys/devices/system/cpu/cpu1/online", "0");
    show("/sys/class/misc/defib/counters");
    set("/sys/devices/system/cpu/cpu1/online", "1");
    show("/sys/class/misc/defib/counters");
}

static void nap_ms(long ms) {
    const struct timespec nap = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&nap, NULL);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    if (mount("none", "/proc", "proc", 0, "") != 0) give_up("/proc");
    if (mount("none", "/sys", "sysfs", 0, "") != 0) give_up("/sys");
    // An emulated CPU is taken from its NMIs at any moment, for so long that perf would allow
    // hardly any more of them (kernel-hooks/README.md).
    set("/proc/sys/kernel/perf_cpu_time_max_percent", "0");
    load("/defib_hook.ko");
    load("/defib_fault.ko");
    show("/sys/class/misc/defib/sources");
    show("/sys/class/misc/defib/cpus");
    show_counters();
    for (int beat = 0;; beat++) {
        printf("beat %d\n", beat);
        if (beat == 10) set("/sys/module/defib_fault/parameters/f1b", "0");
        nap_ms(200);
    }
}
