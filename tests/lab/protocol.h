// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the lab and its agent in the guest say to each other.
//
// Commands go over a virtio-serial port as frames: a header, then `bytes` bytes. All there is are
// processes: reading a file, writing one or loading a module is a process too, so that a guest
// which hangs in one of them still answers the next. Little-endian, as both ends are x86-64.
//
// Heartbeats do not go through the port. They are stores into a page that the host shares with the
// guest as a PCI memory bar (ivshmem): a beat needs a timer and the scheduler and nothing else, no
// allocation, no interrupt of a device, no driver. What is missing in the ring is time in which the
// guest's processes did not run.
#ifndef DEFIB_TESTS_LAB_PROTOCOL_H
#define DEFIB_TESTS_LAB_PROTOCOL_H

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace defib::lab {

inline constexpr const char* PORT_NAME = "defib.agent";

enum class FrameKind : uint16_t {
    HELLO = 1,  // agent: ready; payload: the kernel's release
    START = 2,  // lab: argv as zero-terminated strings; detail: StartDetail; id: names the process
    STARTED = 3,  // agent: uint32 pid
    FAILED = 4,   // agent: uint32 errno
    INPUT = 5,    // lab: bytes for its standard input; none: the input's end
    OUTPUT = 6,   // agent: bytes; detail: 1 standard output, 2 standard error
    EXITED = 7,   // agent: uint32 wait status; nothing of this id comes after it
    SIGNAL = 8,   // lab: int32 pid, int32 signal
    DONE = 9,     // agent: uint32 errno, 0 for success
    RESIZE = 10,  // lab: uint16 rows, uint16 columns of a process on a terminal
};

enum StartDetail : uint16_t {
    START_ON_PIPES = 0,
    START_ON_TERMINAL = 1,  // a pseudo terminal of its own; all output is detail 1
};

struct FrameHeader {
    uint32_t bytes;
    uint16_t kind;
    uint16_t detail;
    uint32_t id;
};
static_assert(sizeof(FrameHeader) == 12);

// The largest payload of one frame; more is more frames.
inline constexpr size_t FRAME_LIMIT = size_t{256} << 10;

inline constexpr uint32_t BEAT_PERIOD_MS = 20;
inline constexpr uint64_t BEATS_MAGIC = 0x7374616562626665;  // "efbbeats"

// Two beats, because "alive" has two answers: whether an ordinary process gets to run, and whether
// the kernel can schedule anything at all.
inline constexpr size_t BEAT_LANES = 2;
inline constexpr size_t BEAT_RING = 4096;  // 82 s

struct BeatLane {
    std::atomic<uint64_t> count;  // beats ever; beat n lies in ring[n % BEAT_RING]
    uint64_t ring[BEAT_RING];     // CLOCK_MONOTONIC of the guest, in ns
};

struct BeatPage {
    std::atomic<uint64_t> magic;  // BEATS_MAGIC once the agent beats
    BeatLane lanes[BEAT_LANES];
};

inline constexpr size_t BEAT_BAR_BYTES = size_t{128} << 10;  // a PCI bar is a power of two
static_assert(sizeof(BeatPage) <= BEAT_BAR_BYTES);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

}  // namespace defib::lab

#endif
