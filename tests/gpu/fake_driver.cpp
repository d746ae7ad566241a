// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A driver without a GPU, for machines that have none: memory of the GPU is memory of this process,
// and the program that is launched is the twin's loop on a thread. With it everything that a host
// process does for a GPU runs in CI: choosing, registering, loading, posting, stopping. What the
// GPU's own code does there, only a GPU shows.
//
// Built as libcuda.so.1 and found through LD_LIBRARY_PATH. DEFIB_FAKE_GPU says what kind of card it
// plays: `reads-only-writable` cannot register memory that may only be read, `displays` has a time
// limit, `dies` faults after its first turns, `dies-guarding` some time after it was given a
// policy.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>

#include "boot/backend/cuda/driver_api.h"
#include "engine/runtime/loop.h"

using namespace defib::boot::cuda;

struct CUctx_st {};
struct CUmod_st {};
struct CUfunc_st {};
struct CUstream_st {
    std::thread loop;
    std::atomic<Status> status = SUCCESS;
};

namespace {

constexpr Status INVALID_VALUE = 1;
constexpr Status NOT_SUPPORTED = 801;
constexpr Status LAUNCH_FAILED = 719;

bool plays(std::string_view kind) {
    const char* played = std::getenv("DEFIB_FAKE_GPU");
    return played != nullptr && kind == played;
}

uint64_t now_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

void turn_until_stopped(DefibEngine& engine, std::atomic<Status>& status) {
    constexpr uint64_t TURNS_TO_LIVE = 4;
    constexpr uint64_t TIME_TO_GUARD_NS = 50'000'000;
    const uint64_t dies_at = now_ns() + TIME_TO_GUARD_NS;
    const bool dies_guarding = plays("dies-guarding") && engine.responder != nullptr;
    defib::runtime::start(engine, now_ns());
    while (defib::runtime::turn(engine, now_ns()) != defib::runtime::Turn::stop) {
        if (plays("dies") && engine.turns == TURNS_TO_LIVE) {
            status = LAUNCH_FAILED;
            return;
        }
        if (dies_guarding && now_ns() > dies_at) {
            status = LAUNCH_FAILED;
            return;
        }
        std::this_thread::yield();
    }
    status = SUCCESS;
}

// NOLINTBEGIN(performance-no-int-to-ptr): addresses of this GPU are addresses of this process.
template <class T>
T* at(DevicePointer pointer) {
    return reinterpret_cast<T*>(pointer);
}
// NOLINTEND(performance-no-int-to-ptr)

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
    // calloc, so that what is never touched costs nothing.
    *pointer = reinterpret_cast<uintptr_t>(std::calloc(1, size));
    return SUCCESS;
}
FAKE cuMemFree_v2(DevicePointer pointer) {
    std::free(at<void>(pointer));
    return SUCCESS;
}
FAKE cuMemcpyHtoD_v2(DevicePointer to, const void* from, size_t size) {
    std::memcpy(at<void>(to), from, size);
    return SUCCESS;
}
FAKE cuMemsetD8_v2(DevicePointer, unsigned char value, size_t) {
    return value == 0 ? SUCCESS : INVALID_VALUE;
}
FAKE cuMemHostRegister_v2(void*, size_t, unsigned flags) {
    return (flags & HOST_READ_ONLY) && plays("reads-only-writable") ? NOT_SUPPORTED : SUCCESS;
}
FAKE cuMemHostUnregister(void*) {
    return SUCCESS;
}
FAKE cuMemHostGetDevicePointer_v2(DevicePointer* pointer, void* here, unsigned) {
    *pointer = reinterpret_cast<uintptr_t>(here);
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
    stream->status = NOT_READY;
    stream->loop = std::thread([engine, stream] { turn_until_stopped(*engine, stream->status); });
    return SUCCESS;
}
FAKE cuStreamCreate(CUstream_st** stream, unsigned) {
    *stream = new CUstream_st;
    return SUCCESS;
}
FAKE cuStreamQuery(CUstream_st* stream) {
    return stream->status;
}
FAKE cuStreamSynchronize(CUstream_st* stream) {
    if (stream->loop.joinable()) stream->loop.join();
    return stream->status;
}
FAKE cuStreamDestroy_v2(CUstream_st* stream) {
    if (stream->loop.joinable()) stream->loop.join();
    delete stream;
    return SUCCESS;
}
