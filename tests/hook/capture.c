// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A crash dump without kdump-tools, as one static program.
//
//   capture KERNEL INITRAMFS "COMMAND LINE"   in a guest: what its kernel shall boot when it panics
//   as /init of that initramfs                says what it sees of the kernel that has panicked
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ON_CRASH 2UL  // KEXEC_FILE_ON_CRASH (include/uapi/linux/kexec.h)
#define HEAD_BYTES 65536

static int complain(const char* what) {
    fprintf(stderr, "capture: %s: %s\n", what, strerror(errno));
    return 4;
}

static int load(const char* kernel, const char* initramfs, const char* command_line) {
    const int kernel_fd = open(kernel, O_RDONLY | O_CLOEXEC);
    const int initramfs_fd = open(initramfs, O_RDONLY | O_CLOEXEC);
    if (kernel_fd < 0 || initramfs_fd < 0) return complain("open");
    if (syscall(SYS_kexec_file_load, kernel_fd, initramfs_fd, strlen(command_line) + 1,
                command_line, ON_CRASH) != 0) {
        return complain("kexec_file_load");
    }
    return 0;
}

// Debian's kernels say it in the note that a dump begins with (VMCOREINFO).
static const char* release_in(const char* head, size_t size) {
    static char release[64];
    for (size_t at = 0; at + sizeof release < size; at++) {
        if (memcmp(head + at, "OSRELEASE=", 10) != 0) continue;
        sscanf(head + at + 10, "%63[^\n]", release);
        return release;
    }
    return "none";
}

static int tell(void) {
    static char head[HEAD_BYTES];
    struct stat core;
    mkdir("/proc", 0755);
    if (mount("proc", "/proc", "proc", 0, NULL) != 0) return complain("mount");
    const int fd = open("/proc/vmcore", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &core) != 0) return complain("/proc/vmcore");
    const ssize_t size = read(fd, head, sizeof head);
    if (size < 4 || memcmp(head, "\177ELF", 4) != 0) return complain("no ELF");
    printf("capture: a dump of %lld MB of kernel %s\n", (long long)core.st_size >> 20,
           release_in(head, (size_t)size));
    return 0;
}

int main(int count, char** arguments) {
    if (getpid() == 1) {
        setvbuf(stdout, NULL, _IONBF, 0);
        tell();
        for (;;) pause();
    }
    if (count != 4) {
        fprintf(stderr, "capture: KERNEL INITRAMFS \"COMMAND LINE\"\n");
        return 2;
    }
    return load(arguments[1], arguments[2], arguments[3]);
}
