// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <string>

#include "tests/lab/agent/agent.h"
#include "tests/lab/protocol.h"

namespace defib::lab::agent {
namespace {

constexpr const char* PCI_DEVICES = "/sys/bus/pci/devices";
constexpr long PERIOD_NS = long{BEAT_PERIOD_MS} * 1'000'000;
constexpr long SECOND_NS = 1'000'000'000;

std::string first_line(const std::string& path) {
    char line[64] = {};
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    const ssize_t n = ::read(fd, line, sizeof(line) - 1);
    ::close(fd);
    std::string text(line, n > 0 ? static_cast<size_t>(n) : 0);
    return text.substr(0, text.find('\n'));
}

// QEMU's ivshmem is 1af4:1110, and its second bar is the shared memory.
BeatPage* map_page() {
    DIR* folder = ::opendir(PCI_DEVICES);
    if (!folder) return nullptr;
    void* at = MAP_FAILED;
    while (const dirent* entry = ::readdir(folder)) {
        const std::string device = std::string(PCI_DEVICES) + "/" + entry->d_name;
        if (first_line(device + "/vendor") != "0x1af4") continue;
        if (first_line(device + "/device") != "0x1110") continue;
        // Without the enable bit the device does not decode its memory.
        const int enable = ::open((device + "/enable").c_str(), O_WRONLY | O_CLOEXEC);
        if (::write(enable, "1", 1) != 1) std::perror("agent: ivshmem");
        ::close(enable);
        const int bar = ::open((device + "/resource2").c_str(), O_RDWR | O_CLOEXEC);
        at = ::mmap(nullptr, BEAT_BAR_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, bar, 0);
        ::close(bar);
        break;
    }
    ::closedir(folder);
    return at == MAP_FAILED ? nullptr : static_cast<BeatPage*>(at);
}

void advance(timespec& next, const timespec& now) {
    next.tv_nsec += PERIOD_NS;
    if (next.tv_nsec >= SECOND_NS) {
        next.tv_nsec -= SECOND_NS;
        ++next.tv_sec;
    }
    // After a gap the beats that were missed stay missed: they are what the gap is made of.
    if (next.tv_sec < now.tv_sec || (next.tv_sec == now.tv_sec && next.tv_nsec < now.tv_nsec)) {
        next = now;
    }
}

void* beat(void* argument) {
    auto* lane = static_cast<BeatLane*>(argument);
    timespec next{};
    ::clock_gettime(CLOCK_MONOTONIC, &next);
    for (;;) {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        const uint64_t count = lane->count.load(std::memory_order_relaxed);
        lane->ring[count % BEAT_RING] =
            static_cast<uint64_t>(now.tv_sec) * SECOND_NS + static_cast<uint64_t>(now.tv_nsec);
        lane->count.store(count + 1, std::memory_order_release);
        advance(next, now);
        while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr) == EINTR) {
        }
    }
}

bool start_lane(BeatLane& lane, int policy, int priority) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, policy);
    sched_param parameter{};
    parameter.sched_priority = priority;
    pthread_attr_setschedparam(&attributes, &parameter);
    pthread_attr_setstacksize(&attributes, size_t{64} << 10);
    pthread_t thread{};
    const bool started = ::pthread_create(&thread, &attributes, beat, &lane) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

}  // namespace

bool start_beating() {
    BeatPage* page = map_page();
    if (!page) return false;
    constexpr int HIGHEST = 99;
    if (!start_lane(page->lanes[0], SCHED_OTHER, 0)) return false;
    if (!start_lane(page->lanes[1], SCHED_FIFO, HIGHEST)) return false;
    page->magic.store(BEATS_MAGIC, std::memory_order_release);
    return true;
}

}  // namespace defib::lab::agent
