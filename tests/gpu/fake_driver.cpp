// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A driver without a GPU, for machines that have none: memory of the GPU is memory that is shared,
// and the program that is launched is the twin's loop in a process of its own, as a card is a
// processor of its own: it turns on while the process that launched it is stopped, and ends with
// it. What is registered is mapped once more for it, so that a process which then gives up its own
// mapping takes nothing from the loop. With it everything that a host process does for a GPU runs
// in CI: choosing, registering, loading, posting, stopping. What the GPU's own code does there,
// only a GPU shows.
//
// Built as libcuda.so.1 and found through LD_LIBRARY_PATH. DEFIB_FAKE_GPU says what kind of card it
// plays: `reads-only-writable` cannot register memory that may only be read, `displays` has a time
// limit, `miscounts` looks in wrong places, `dies` faults after its first turns or when it is
// asked, `dies-guarding` some time after it was given a policy.
//
// Of the kernel module's window (kernel-hooks/window.c) no second mapping can be had. It is given
// the same frames through a test's own device (tests/gpu/card_module), where that is loaded.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string_view>

#include "boot/backend/cuda/driver_api.h"
#include "engine/runtime/loop.h"

using namespace defib::boot::cuda;

struct CUctx_st {};
struct CUmod_st {};
struct CUfunc_st {};
struct CUstream_st {
    pid_t loop = -1;
    Status status = SUCCESS;
};

namespace {

constexpr Status INVALID_VALUE = 1;
constexpr Status OUT_OF_MEMORY = 2;
constexpr Status NOT_SUPPORTED = 801;
constexpr Status LAUNCH_FAILED = 719;

bool plays(std::string_view kind) {
    const char* played = std::getenv("DEFIB_FAKE_GPU");
    return played != nullptr && kind == played;
}

uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// A command is seen within this. A GPU rests for less, but has a processor of its own.
constexpr uint64_t MOST_REST_NS = 100'000;

void rest(const DefibEngine& engine) {
    const uint64_t now = now_ns();
    const uint64_t until = std::min(defib::runtime::next_turn_ns(engine), now + MOST_REST_NS);
    if (until <= now) return;
    const timespec rests = {0, static_cast<long>(until - now)};
    nanosleep(&rests, nullptr);
}

// What the process of the loop ends with.
constexpr int STOPPED = 0;
constexpr int DIED = 1;

int turn_until_stopped(DefibEngine& engine) {
    constexpr uint64_t TURNS_TO_LIVE = 4;
    constexpr uint64_t TIME_TO_GUARD_NS = 50'000'000;
    const uint64_t dies_at = now_ns() + TIME_TO_GUARD_NS;
    const bool dies_guarding = plays("dies-guarding") && engine.responder != nullptr;
    if (plays("miscounts")) {
        for (uint64_t& offset : engine.target->binding.values) offset ^= 0x10;
    }
    defib::runtime::start(engine, now_ns());
    const auto dies_at_once = [&] {
        const bool is_asked = engine.mailbox->posted != engine.mailbox->done;
        return plays("dies") && (is_asked || engine.turns >= TURNS_TO_LIVE);
    };
    while (!dies_at_once()) {
        if (defib::runtime::turn(engine, now_ns()) == defib::runtime::Turn::stop) return STOPPED;
        if (dies_guarding && now_ns() > dies_at) return DIED;
        rest(engine);
    }
    return DIED;
}

// NOLINTBEGIN(performance-no-int-to-ptr): addresses of this GPU are addresses of this process.
template <class T>
T* at(DevicePointer pointer) {
    return reinterpret_cast<T*>(pointer);
}
// NOLINTEND(performance-no-int-to-ptr)

std::map<void*, size_t> card;  // what was allocated there

// What was registered, and where the loop has it.
struct Seen {
    void* there = nullptr;
    size_t size = 0;
    int rights = PROT_NONE;
};
std::map<void*, Seen> registered;

// The physical address that is mapped there by the kernel module's window; -1: something else is.
off_t window_at(const void* place) {
    std::FILE* maps = std::fopen("/proc/self/maps", "re");
    if (maps == nullptr) return -1;
    char line[512];
    unsigned long first = 0;
    unsigned long end = 0;
    unsigned long offset = 0;
    off_t found = -1;
    while (std::fgets(line, sizeof line, maps) != nullptr) {
        if (std::strstr(line, "/dev/defib") == nullptr) continue;
        if (std::sscanf(line, "%lx-%lx %*s %lx", &first, &end, &offset) != 3) continue;
        const auto at = reinterpret_cast<uintptr_t>(place);
        if (at < first || at >= end) continue;
        found = static_cast<off_t>(offset + at - first);
    }
    std::fclose(maps);
    return found;
}

int rights_by(unsigned flags) {
    return (flags & HOST_READ_ONLY) != 0 ? PROT_READ : PROT_READ | PROT_WRITE;
}

// What the card has, its host process has no rights to; the loop takes them along.
void show_to_the_card(bool is_shown) {
    for (const auto& [here, seen] : registered) {
        mprotect(seen.there, seen.size, is_shown ? seen.rights : PROT_NONE);
    }
}

// The same memory once more; null: it cannot be had.
void* map_again(void* place, size_t size, unsigned flags) {
    void* again = MAP_FAILED;
    if ((flags & HOST_IO_MEMORY) != 0) {
        const int device = open("/dev/defib_test_card", O_RDWR | O_CLOEXEC);
        const off_t physical = window_at(place);
        if (device < 0 || physical < 0) return nullptr;
        again = mmap(nullptr, size, rights_by(flags), MAP_SHARED, device, physical);
        close(device);
    } else {
        // Of no old size: a second mapping of what is shared (mremap(2)).
        again = mremap(place, 0, (size + 4095) / 4096 * 4096, MREMAP_MAYMOVE);
    }
    return again == MAP_FAILED ? nullptr : again;
}

}  // namespace

#pragma clang diagnostic ignored "-Wmissing-prototypes"
#define FAKE extern "C" __attribute__((visibility("default"))) Status

FAKE cuInit(unsigned) {
    return SUCCESS;
}
FAKE cuDriverGetVersion(int* version) {
    *version = 13000;
    return SUCCESS;
}
FAKE cuGetErrorName(Status status, const char** name) {
    *name = status == LAUNCH_FAILED ? "CUDA_ERROR_LAUNCH_FAILED" : "CUDA_ERROR_OF_THE_FAKE";
    return SUCCESS;
}
FAKE cuGetErrorString(Status status, const char** text) {
    *text = status == LAUNCH_FAILED ? "unspecified launch failure" : "the fake driver refuses";
    return SUCCESS;
}
FAKE cuDeviceGetCount(int* count) {
    *count = 1;
    return SUCCESS;
}
FAKE cuDeviceGet(DeviceNumber* device, int ordinal) {
    *device = ordinal;
    return ordinal == 0 ? SUCCESS : INVALID_VALUE;
}
FAKE cuDeviceGetName(char* name, int size, DeviceNumber) {
    std::strncpy(name, "no GPU at all", static_cast<size_t>(size));
    return SUCCESS;
}
FAKE cuDeviceGetUuid_v2(Uuid* uuid, DeviceNumber) {
    *uuid = {};
    return SUCCESS;
}
FAKE cuDeviceGetPCIBusId(char* id, int size, DeviceNumber) {
    std::strncpy(id, "0000:00:00.0", static_cast<size_t>(size));
    return SUCCESS;
}
FAKE cuDeviceTotalMem_v2(size_t* bytes, DeviceNumber) {
    *bytes = size_t{2} << 30;
    return SUCCESS;
}
FAKE cuDeviceGetAttribute(int* value, Attribute attribute, DeviceNumber) {
    switch (attribute) {
        case MULTIPROCESSOR_COUNT:
            *value = 4;
            break;
        case COMPUTE_CAPABILITY_MAJOR:
            *value = 7;
            break;
        case COMPUTE_CAPABILITY_MINOR:
            *value = 5;
            break;
        case CAN_MAP_HOST_MEMORY:
        case HOST_REGISTER_SUPPORTED:
            *value = 1;
            break;
        case READ_ONLY_HOST_REGISTER_SUPPORTED:
            *value = plays("reads-only-writable") ? 0 : 1;
            break;
        case KERNEL_EXEC_TIMEOUT:
            *value = plays("displays") ? 1 : 0;
            break;
        default:
            *value = 0;
            break;
    }
    return SUCCESS;
}
FAKE cuDevicePrimaryCtxSetFlags_v2(DeviceNumber, unsigned) {
    return SUCCESS;
}
FAKE cuDevicePrimaryCtxRetain(CUctx_st** context, DeviceNumber) {
    static CUctx_st only;
    *context = &only;
    return SUCCESS;
}
FAKE cuDevicePrimaryCtxRelease_v2(DeviceNumber) {
    return SUCCESS;
}
FAKE cuCtxSetCurrent(CUctx_st*) {
    return SUCCESS;
}
FAKE cuMemAlloc_v2(DevicePointer* pointer, size_t size) {
    // Shared with the loop; what is never touched costs nothing.
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return OUT_OF_MEMORY;
    card[memory] = size;
    *pointer = reinterpret_cast<uintptr_t>(memory);
    return SUCCESS;
}
FAKE cuMemFree_v2(DevicePointer pointer) {
    const auto found = card.find(at<void>(pointer));
    if (found == card.end()) return INVALID_VALUE;
    munmap(found->first, found->second);
    card.erase(found);
    return SUCCESS;
}
FAKE cuMemcpyHtoD_v2(DevicePointer to, const void* from, size_t size) {
    std::memcpy(at<void>(to), from, size);
    return SUCCESS;
}
FAKE cuMemsetD8_v2(DevicePointer, unsigned char value, size_t) {
    return value == 0 ? SUCCESS : INVALID_VALUE;
}
FAKE cuMemHostRegister_v2(void* here, size_t size, unsigned flags) {
    if ((flags & HOST_READ_ONLY) != 0 && plays("reads-only-writable")) return NOT_SUPPORTED;
    void* again = map_again(here, size, flags);
    if (again == nullptr) return INVALID_VALUE;
    registered[here] = {again, size, rights_by(flags)};
    return SUCCESS;
}
FAKE cuMemHostUnregister(void* here) {
    const auto found = registered.find(here);
    if (found == registered.end()) return INVALID_VALUE;
    munmap(found->second.there, found->second.size);
    registered.erase(found);
    return SUCCESS;
}
FAKE cuMemHostGetDevicePointer_v2(DevicePointer* pointer, void* here, unsigned) {
    const auto found = registered.find(here);
    if (found == registered.end()) return INVALID_VALUE;
    *pointer = reinterpret_cast<uintptr_t>(found->second.there);
    return SUCCESS;
}
FAKE cuModuleLoadDataEx(CUmod_st** module, const void* code, unsigned, JitOption*, void**) {
    static CUmod_st only;
    *module = &only;
    // The twin runs instead, but the entry that a GPU would need has to be there.
    return std::string_view(static_cast<const char*>(code)).contains(".entry defib_engine")
               ? SUCCESS
               : INVALID_VALUE;
}
FAKE cuModuleUnload(CUmod_st*) {
    return SUCCESS;
}
FAKE cuModuleGetFunction(CUfunc_st** function, CUmod_st*, const char*) {
    static CUfunc_st only;
    *function = &only;
    return SUCCESS;
}
FAKE cuFuncGetAttribute(int* value, FunctionAttribute, CUfunc_st*) {
    *value = 512;
    return SUCCESS;
}
FAKE cuLaunchKernel(CUfunc_st*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                    unsigned, CUstream_st* stream, void** arguments, void**) {
    auto* engine = at<DefibEngine>(*static_cast<DevicePointer*>(arguments[0]));
    const pid_t host = getpid();
    show_to_the_card(true);
    stream->loop = fork();
    if (stream->loop < 0) return LAUNCH_FAILED;
    if (stream->loop == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        // Who waits for what the host process says must not wait for a card.
        for (int fd = 0; fd < 3; fd++) close(fd);
        _exit(getppid() == host ? turn_until_stopped(*engine) : DIED);
    }
    show_to_the_card(false);
    stream->status = NOT_READY;
    return SUCCESS;
}
FAKE cuStreamCreate(CUstream_st** stream, unsigned) {
    *stream = new CUstream_st;
    return SUCCESS;
}
FAKE cuStreamQuery(CUstream_st* stream) {
    int how = 0;
    if (stream->loop > 0 && waitpid(stream->loop, &how, WNOHANG) == stream->loop) {
        stream->loop = -1;
        const bool is_stopped = WIFEXITED(how) && WEXITSTATUS(how) == STOPPED;
        stream->status = is_stopped ? SUCCESS : LAUNCH_FAILED;
    }
    return stream->status;
}
FAKE cuStreamSynchronize(CUstream_st* stream) {
    constexpr timespec MOMENT = {0, 1'000'000};
    while (cuStreamQuery(stream) == NOT_READY) nanosleep(&MOMENT, nullptr);
    return stream->status;
}
FAKE cuStreamDestroy_v2(CUstream_st* stream) {
    cuStreamSynchronize(stream);
    delete stream;
    return SUCCESS;
}
