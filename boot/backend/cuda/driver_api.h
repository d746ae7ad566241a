// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The driver API, as far as it is used. Declared here and not taken from cuda.h, so that a machine
// without the toolkit still builds a defib that can use a GPU; driver_api_test.cpp holds every line
// against cuda.h where that is installed. Names of the driver's own keep its own spelling.
#ifndef DEFIB_BOOT_BACKEND_CUDA_DRIVER_API_H
#define DEFIB_BOOT_BACKEND_CUDA_DRIVER_API_H

#include <cstddef>
#include <cstdint>

struct CUctx_st;
struct CUfunc_st;
struct CUmod_st;
struct CUstream_st;

namespace defib::boot::cuda {

using Status = int;
using DeviceNumber = int;
using DevicePointer = unsigned long long;
struct Uuid {
    char bytes[16];
};

inline constexpr Status SUCCESS = 0;
inline constexpr Status INVALID_DEVICE_FUNCTION_IMAGE = 200;
inline constexpr Status NO_DEVICE = 100;
inline constexpr Status DEVICE_UNAVAILABLE = 46;
inline constexpr Status NOT_READY = 600;

enum Attribute : int {
    MULTIPROCESSOR_COUNT = 16,
    KERNEL_EXEC_TIMEOUT = 17,
    CAN_MAP_HOST_MEMORY = 19,
    COMPUTE_MODE = 20,
    ECC_ENABLED = 32,
    COMPUTE_CAPABILITY_MAJOR = 75,
    COMPUTE_CAPABILITY_MINOR = 76,
    HOST_REGISTER_SUPPORTED = 99,
    READ_ONLY_HOST_REGISTER_SUPPORTED = 113,
};
inline constexpr int COMPUTE_MODE_PROHIBITED = 2;
inline constexpr unsigned CONTEXT_BLOCKS_FOR_RESULTS = 0x04;  // no CPU time while it waits
inline constexpr unsigned STREAM_NON_BLOCKING = 0x1;
inline constexpr unsigned HOST_PORTABLE = 0x1;
inline constexpr unsigned HOST_DEVICE_MAP = 0x2;
inline constexpr unsigned HOST_IO_MEMORY = 0x4;
inline constexpr unsigned HOST_READ_ONLY = 0x8;
enum JitOption : int {
    JIT_MAX_REGISTERS = 0,
    JIT_ERROR_LOG_BUFFER = 5,
    JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6,
    JIT_CACHE_MODE = 14,
};
inline constexpr uintptr_t JIT_CACHE_OPTION_CG = 1;  // nothing of global memory in the first level
enum FunctionAttribute : int { FUNCTION_MAX_THREADS_PER_BLOCK = 0, FUNCTION_REGISTERS = 4 };

// X(member, cu name, suffix of the exported symbol, result and arguments)
// clang-format off
#define DEFIB_CUDA_CALLS(X)                                                                        \
    X(init, cuInit, "", Status(unsigned))                                                          \
    X(driver_get_version, cuDriverGetVersion, "", Status(int*))                                    \
    X(get_error_name, cuGetErrorName, "", Status(Status, const char**))                            \
    X(get_error_string, cuGetErrorString, "", Status(Status, const char**))                        \
    X(device_get_count, cuDeviceGetCount, "", Status(int*))                                        \
    X(device_get, cuDeviceGet, "", Status(DeviceNumber*, int))                                     \
    X(device_get_name, cuDeviceGetName, "", Status(char*, int, DeviceNumber))                      \
    X(device_get_uuid, cuDeviceGetUuid, "_v2", Status(Uuid*, DeviceNumber))                        \
    X(device_get_pci_bus_id, cuDeviceGetPCIBusId, "", Status(char*, int, DeviceNumber))            \
    X(device_total_memory, cuDeviceTotalMem, "_v2", Status(size_t*, DeviceNumber))                 \
    X(device_get_attribute, cuDeviceGetAttribute, "", Status(int*, Attribute, DeviceNumber))       \
    X(context_set_flags, cuDevicePrimaryCtxSetFlags, "_v2", Status(DeviceNumber, unsigned))        \
    X(context_retain, cuDevicePrimaryCtxRetain, "", Status(CUctx_st**, DeviceNumber))              \
    X(context_release, cuDevicePrimaryCtxRelease, "_v2", Status(DeviceNumber))                     \
    X(context_set_current, cuCtxSetCurrent, "", Status(CUctx_st*))                                 \
    X(memory_allocate, cuMemAlloc, "_v2", Status(DevicePointer*, size_t))                          \
    X(memory_free, cuMemFree, "_v2", Status(DevicePointer))                                        \
    X(memory_to_device, cuMemcpyHtoD, "_v2", Status(DevicePointer, const void*, size_t))           \
    X(memory_set, cuMemsetD8, "_v2", Status(DevicePointer, unsigned char, size_t))                 \
    X(host_register, cuMemHostRegister, "_v2", Status(void*, size_t, unsigned))                    \
    X(host_unregister, cuMemHostUnregister, "", Status(void*))                                     \
    X(host_get_device_pointer, cuMemHostGetDevicePointer, "_v2",                                   \
      Status(DevicePointer*, void*, unsigned))                                                     \
    X(module_load, cuModuleLoadDataEx, "",                                                         \
      Status(CUmod_st**, const void*, unsigned, JitOption*, void**))                               \
    X(module_unload, cuModuleUnload, "", Status(CUmod_st*))                                        \
    X(module_get_function, cuModuleGetFunction, "", Status(CUfunc_st**, CUmod_st*, const char*))   \
    X(function_get_attribute, cuFuncGetAttribute, "",                                              \
      Status(int*, FunctionAttribute, CUfunc_st*))                                                 \
    X(launch, cuLaunchKernel, "",                                                                  \
      Status(CUfunc_st*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,     \
             CUstream_st*, void**, void**))                                                        \
    X(stream_create, cuStreamCreate, "", Status(CUstream_st**, unsigned))                          \
    X(stream_query, cuStreamQuery, "", Status(CUstream_st*))                                       \
    X(stream_synchronize, cuStreamSynchronize, "", Status(CUstream_st*))                           \
    X(stream_destroy, cuStreamDestroy, "_v2", Status(CUstream_st*))
// clang-format on

template <class Signature>
using Call = Signature*;

struct DriverApi {
#define DEFIB_CUDA_MEMBER(member, name, suffix, ...) Call<__VA_ARGS__> member = nullptr;
    DEFIB_CUDA_CALLS(DEFIB_CUDA_MEMBER)
#undef DEFIB_CUDA_MEMBER
};

}  // namespace defib::boot::cuda

#endif
