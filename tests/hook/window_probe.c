// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Runs inside of a guest with the hook and tries the memory window, as the appliance would and as
// an attacker would. Prints one line for each thing that was tried, "NAME result"; the test knows
// what each must be. The results: ok, an errno's number, or a signal's.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/abi/hook_ring.h"

#define DEVICE "/dev/defib"
#define PAGE 4096UL
#define HUGE (2UL << 20)

static sigjmp_buf back;

static void on_fault(int number) {
    siglongjmp(back, number);
}

static void tell(const char* name, int is_ok) {
    if (is_ok) {
        printf("%s ok\n", name);
    } else {
        printf("%s errno %d\n", name, errno);
    }
}

static int is_readable(volatile unsigned char* at, const char* name) {
    int fault = sigsetjmp(back, 1);

    if (fault) {
        printf("%s signal %d\n", name, fault);
        return 0;
    }
    (void)*at;
    printf("%s ok\n", name);
    return 1;
}

struct range {
    uint64_t first;
    uint64_t bytes;
};

// The largest range of RAM, as the kernel tells root.
static struct range largest_ram(void) {
    struct range largest = {0, 0};
    unsigned long first, last;
    char line[256];
    FILE* file = fopen("/proc/iomem", "r");

    while (file && fgets(line, sizeof line, file)) {
        if (line[0] == ' ' || !strstr(line, "System RAM")) continue;
        if (sscanf(line, "%lx-%lx", &first, &last) != 2) continue;
        if (last - first < largest.bytes) continue;
        largest.first = (first + PAGE - 1) / PAGE * PAGE;
        largest.bytes = (last + 1) / PAGE * PAGE - largest.first;
    }
    if (file) fclose(file);
    return largest;
}

static void* map(int fd, struct range ram) {
    return mmap(NULL, ram.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)ram.first);
}

// Write to a page of our own through its physical address.
static void try_coherence(unsigned char* window, struct range ram) {
    volatile uint64_t* own =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    int pagemap = open("/proc/self/pagemap", O_RDONLY);
    volatile uint64_t* other;
    uint64_t entry = 0, physical;

    *own = 1;
    if (pread(pagemap, &entry, 8, (off_t)((uintptr_t)own / PAGE * 8)) != 8) entry = 0;
    physical = (entry & ((1UL << 55) - 1)) * PAGE;
    if (physical < ram.first || physical >= ram.first + ram.bytes) {
        printf("coherence skipped\n");
        return;
    }
    other = (volatile uint64_t*)(window + (physical - ram.first));
    *own = 0x1122334455667788;
    if (*other == 0x1122334455667788) *other = 0xabcdef;
    printf("coherence %s\n", *own == 0xabcdef ? "ok" : "broken");
}

// Present entries as the kernel counts them: VmPTE shows how many tables were made.
static void touch_all(volatile unsigned char* window, struct range ram) {
    uint64_t offset = 0, pages = 0;

    while (offset < ram.bytes) {
        (void)window[offset];
        pages++;
        offset += (ram.first + offset) % HUGE == 0 && ram.bytes - offset >= HUGE ? HUGE : PAGE;
    }
    printf("touched %lu of %lu\n", (unsigned long)pages, (unsigned long)(ram.bytes / PAGE));
}

static void print_page_tables(void) {
    char line[256];
    FILE* file = fopen("/proc/self/status", "r");

    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "VmPTE:", 6)) printf("tables %d\n", atoi(line + 6));
    if (file) fclose(file);
}

static void in_child(void (*body)(unsigned char*, int, struct range), unsigned char* window, int fd,
                     struct range ram) {
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        body(window, fd, ram);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void child_body(unsigned char* window, int fd, struct range ram) {
    is_readable(window, "child_touch");
    tell("child_mmap", map(fd, ram) != MAP_FAILED);
    tell("child_seal", ioctl(fd, DEFIB_WINDOW_SEAL) == 0);
}

// Another process with all rights reads the sealed one's memory.
static void reader_body(unsigned char* window, int fd, struct range ram) {
    char path[64], word[8];
    struct iovec local = {word, 8}, remote = {window, 8};
    int memory;

    (void)fd;
    (void)ram;
    snprintf(path, sizeof path, "/proc/%d/mem", getppid());
    memory = open(path, O_RDWR);
    tell("other_mem_open", memory >= 0);
    tell("other_mem_read", pread(memory, word, 8, (off_t)(uintptr_t)window) == 8);
    tell("other_mem_write", pwrite(memory, word, 8, (off_t)(uintptr_t)window) == 8);
    tell("other_readv", process_vm_readv(getppid(), &local, 1, &remote, 1, 0) == 8);
    if (ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0) {
        waitpid(getppid(), NULL, __WALL);
        errno = 0;
        ptrace(PTRACE_PEEKDATA, getppid(), window, NULL);
        tell("other_ptrace", errno == 0);
        ptrace(PTRACE_DETACH, getppid(), NULL, NULL);
    } else {
        tell("other_ptrace_attach", 0);
    }
}

static int try_all(void) {
    struct range ram = largest_ram();
    int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
    unsigned char* window;
    void* again;
    int pipes[2];

    tell("open", fd >= 0);
    tell("second_open", open(DEVICE, O_RDWR) >= 0);
    tell("map_private",
         mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, (off_t)ram.first) != MAP_FAILED);
    tell("map_executable",
         mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, (off_t)ram.first) != MAP_FAILED);
    tell("map_device", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0xfee00000) != MAP_FAILED);
    tell("map_too_far",
         mmap(NULL, ram.bytes + PAGE, PROT_READ, MAP_SHARED, fd, (off_t)ram.first) != MAP_FAILED);
    window = map(fd, ram);
    tell("map", window != MAP_FAILED);
    if (window == MAP_FAILED) return 1;
    touch_all(window, ram);
    print_page_tables();
    try_coherence(window, ram);
    in_child(child_body, window, fd, ram);
    in_child(reader_body, window, fd, ram);
    tell("split", mprotect(window + PAGE, PAGE, PROT_READ) == 0);
    tell("unmap_part", munmap(window + PAGE, PAGE) == 0);
    tell("dofork", madvise(window, ram.bytes, MADV_DOFORK) == 0);
    // A move is refused before the seal too.
    again =
        mremap(window, ram.bytes, ram.bytes, MREMAP_MAYMOVE | MREMAP_FIXED, (void*)0x600000000000);
    tell("move", again != MAP_FAILED);
    is_readable(window, "touch_after_move");

    tell("seal", ioctl(fd, DEFIB_WINDOW_SEAL) == 0);
    is_readable(window, "sealed_touch");
    tell("sealed_mprotect", mprotect(window, ram.bytes, PROT_READ) == 0);
    tell("sealed_map", map(fd, ram) != MAP_FAILED);
    again =
        mremap(window, ram.bytes, ram.bytes, MREMAP_MAYMOVE | MREMAP_FIXED, (void*)0x600000000000);
    tell("sealed_move", again != MAP_FAILED);
    tell("sealed_grow", mremap(window, ram.bytes, ram.bytes + PAGE, MREMAP_MAYMOVE) != MAP_FAILED);
    tell("sealed_duplicate", mremap(window, 0, ram.bytes, MREMAP_MAYMOVE) != MAP_FAILED);
    is_readable(window, "sealed_touch_again");
    if (pipe(pipes) == 0) tell("sealed_write_from", write(pipes[1], window, 16) == 16);
    in_child(child_body, window, fd, ram);
    in_child(reader_body, window, fd, ram);
    tell("sealed_second_open", open(DEVICE, O_RDWR) >= 0);
    tell("unseal", ioctl(fd, DEFIB_WINDOW_SEAL + 1) == 0);
    return 0;
}

// Keeps the device in a child that outlives it: the seal must hold.
static int leave_to_child(void) {
    int fd = open(DEVICE, O_RDWR);
    struct range ram = largest_ram();

    tell("open", fd >= 0);
    tell("map", map(fd, ram) != MAP_FAILED);
    tell("seal", ioctl(fd, DEFIB_WINDOW_SEAL) == 0);
    fflush(stdout);
    if (fork() == 0) {
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        for (;;) pause();
    }
    return 0;
}

static int just_open(void) {
    int fd = open(DEVICE, O_RDWR);

    tell("open", fd >= 0);
    return 0;
}

int main(int count, char** words) {
    const char* what = count > 1 ? words[1] : "all";

    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    if (!strcmp(what, "all")) return try_all();
    if (!strcmp(what, "leave")) return leave_to_child();
    if (!strcmp(what, "open")) return just_open();
    if (!strcmp(what, "open-as-nobody")) {
        if (setgid(65534) || setuid(65534)) return 1;
        return just_open();
    }
    // With the file's rights, but without the capability.
    if (!strcmp(what, "open-as-anybody-who-may")) {
        if (chmod(DEVICE, 0666)) return 1;
        if (setgid(65534) || setuid(65534)) return 1;
        return just_open();
    }
    return 2;
}
