// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the agent would do itself, if it could not hang in it: each is a process of its own.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "tests/lab/agent/agent.h"

namespace defib::lab::agent {
namespace {

int complain(const char* about) {
    std::fprintf(stderr, "%s: %s\n", about, std::strerror(errno));
    return 1;
}

bool write_all(int fd, const char* data, size_t size) {
    while (size > 0) {
        const ssize_t n = ::write(fd, data, size);
        if (n < 0) return false;
        data += n;
        size -= static_cast<size_t>(n);
    }
    return true;
}

int read_file(const char* path) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return complain(path);
    static char buffer[1 << 16];
    for (;;) {
        const ssize_t n = ::read(fd, buffer, sizeof(buffer));
        if (n < 0) return complain(path);
        if (n == 0) return 0;
        if (!write_all(STDOUT_FILENO, buffer, static_cast<size_t>(n))) return complain(path);
    }
}

// All input first, then one write where the kernel takes it: a file of /proc or /sys sees the value
// whole.
int write_file(const char* path, const char* mode) {
    std::vector<char> content;
    size_t size = 0;
    for (;;) {
        content.resize(size + (1 << 16));
        const ssize_t n = ::read(STDIN_FILENO, content.data() + size, content.size() - size);
        if (n < 0) return complain("standard input");
        if (n == 0) break;
        size += static_cast<size_t>(n);
    }
    const auto bits = static_cast<mode_t>(std::strtoul(mode, nullptr, 8));
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, bits);
    if (fd < 0) return complain(path);
    if (!write_all(fd, content.data(), size)) return complain(path);
    return ::close(fd) == 0 ? 0 : complain(path);
}

int load_module(const char* path, const char* parameters) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return complain(path);
    return ::syscall(SYS_finit_module, fd, parameters, 0) == 0 ? 0 : complain(path);
}

// Holds marked pages and says where in physical memory they lie, so that the outside can prove that
// it reads the right place: each page repeats its own physical address. Ends with its input.
int hold_pages(const char* count) {
    constexpr size_t PAGE = 4096;
    const size_t pages = std::strtoull(count, nullptr, 10);
    auto* memory = static_cast<uint64_t*>(::mmap(nullptr, pages * PAGE, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
    if (memory == MAP_FAILED) return complain("memory");
    const int map = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    for (size_t page = 0; page < pages; ++page) {
        uint64_t* words = memory + page * (PAGE / sizeof(uint64_t));
        uint64_t entry = 0;
        const uint64_t index = reinterpret_cast<uintptr_t>(words) / PAGE;
        if (::pread(map, &entry, sizeof(entry), static_cast<off_t>(index * sizeof(entry))) !=
            sizeof(entry)) {
            return complain("/proc/self/pagemap");
        }
        // Documentation/admin-guide/mm/pagemap.rst: bits 0-54 are the page frame number.
        const uint64_t physical = (entry & ((uint64_t{1} << 55) - 1)) * PAGE;
        for (size_t i = 0; i < PAGE / sizeof(uint64_t); ++i) words[i] = physical ^ ~uint64_t{i};
        std::printf("%" PRIx64 "\n", physical);
    }
    std::printf("end\n");
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}

}  // namespace

int run_tool(int argc, char** argv) {
    const std::string_view tool = argc > 1 ? argv[1] : "";
    if (tool == "read" && argc == 3) return read_file(argv[2]);
    if (tool == "write" && argc == 4) return write_file(argv[2], argv[3]);
    if (tool == "load" && argc == 4) return load_module(argv[2], argv[3]);
    if (tool == "hold" && argc == 3) return hold_pages(argv[2]);
    std::fprintf(stderr,
                 "usage: agent read PATH | write PATH MODE | load PATH PARAMETERS | hold PAGES\n");
    return 2;
}

}  // namespace defib::lab::agent
