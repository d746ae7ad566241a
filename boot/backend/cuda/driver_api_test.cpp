// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Our declarations of the driver API are cuda.h's. All of it is decided while this compiles; the
// test that runs is there to be counted.
#include "boot/backend/cuda/driver_api.h"

#include <cuda.h>
#include <gtest/gtest.h>

#include <string_view>
#include <type_traits>

namespace defib::boot::cuda {
namespace {

// The same for the machine: an enumeration is an int there, and a structure its bytes.
template <class One, class Other>
constexpr bool are_alike() {
    using A = std::remove_cv_t<One>;
    using B = std::remove_cv_t<Other>;
    if constexpr (std::is_same_v<A, B>) {
        return true;
    } else if constexpr (std::is_pointer_v<A> && std::is_pointer_v<B>) {
        return are_alike<std::remove_pointer_t<A>, std::remove_pointer_t<B>>();
    } else if constexpr (std::is_enum_v<A> || std::is_enum_v<B>) {
        return (std::is_enum_v<A> || std::is_same_v<A, int>) &&
               (std::is_enum_v<B> || std::is_same_v<B, int>) && sizeof(A) == sizeof(B);
    } else if constexpr (std::is_class_v<A> && std::is_class_v<B>) {
        return sizeof(A) == sizeof(B) && alignof(A) == alignof(B);
    } else {
        return false;
    }
}

template <class Ours, class Theirs>
struct Calls {
    static constexpr bool are_the_same = false;
};
template <class R, class... A, class S, class... B>
    requires(sizeof...(A) == sizeof...(B))
struct Calls<R (*)(A...), S (*)(B...)> {
    static constexpr bool are_the_same = (are_alike<R, S>() && ... && are_alike<A, B>());
};

#define TEXT_OF(name) #name
#define EXPANDED_TEXT_OF(name) TEXT_OF(name)
#define DEFIB_CUDA_CHECK(member, name, suffix, ...)                                   \
    static_assert(Calls<decltype(DriverApi::member), decltype(&name)>::are_the_same); \
    static_assert(std::string_view(EXPANDED_TEXT_OF(name)) == #name suffix);
DEFIB_CUDA_CALLS(DEFIB_CUDA_CHECK)

static_assert(SUCCESS == int{CUDA_SUCCESS});
static_assert(INVALID_DEVICE_FUNCTION_IMAGE == int{CUDA_ERROR_INVALID_IMAGE});
static_assert(NO_DEVICE == int{CUDA_ERROR_NO_DEVICE});
static_assert(DEVICE_UNAVAILABLE == int{CUDA_ERROR_DEVICE_UNAVAILABLE});
static_assert(NOT_READY == int{CUDA_ERROR_NOT_READY});
static_assert(MULTIPROCESSOR_COUNT == int{CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT});
static_assert(KERNEL_EXEC_TIMEOUT == int{CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT});
static_assert(CAN_MAP_HOST_MEMORY == int{CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY});
static_assert(COMPUTE_MODE == int{CU_DEVICE_ATTRIBUTE_COMPUTE_MODE});
static_assert(ECC_ENABLED == int{CU_DEVICE_ATTRIBUTE_ECC_ENABLED});
static_assert(COMPUTE_CAPABILITY_MAJOR == int{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR});
static_assert(COMPUTE_CAPABILITY_MINOR == int{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR});
static_assert(HOST_REGISTER_SUPPORTED == int{CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED});
static_assert(READ_ONLY_HOST_REGISTER_SUPPORTED ==
              int{CU_DEVICE_ATTRIBUTE_READ_ONLY_HOST_REGISTER_SUPPORTED});
static_assert(COMPUTE_MODE_PROHIBITED == int{CU_COMPUTEMODE_PROHIBITED});
static_assert(CONTEXT_BLOCKS_FOR_RESULTS == unsigned{CU_CTX_SCHED_BLOCKING_SYNC});
static_assert(STREAM_NON_BLOCKING == unsigned{CU_STREAM_NON_BLOCKING});
static_assert(HOST_PORTABLE == CU_MEMHOSTREGISTER_PORTABLE);
static_assert(HOST_DEVICE_MAP == CU_MEMHOSTREGISTER_DEVICEMAP);
static_assert(HOST_IO_MEMORY == CU_MEMHOSTREGISTER_IOMEMORY);
static_assert(HOST_READ_ONLY == CU_MEMHOSTREGISTER_READ_ONLY);
static_assert(JIT_MAX_REGISTERS == int{CU_JIT_MAX_REGISTERS});
static_assert(JIT_ERROR_LOG_BUFFER == int{CU_JIT_ERROR_LOG_BUFFER});
static_assert(JIT_ERROR_LOG_BUFFER_SIZE_BYTES == int{CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES});
static_assert(JIT_CACHE_MODE == int{CU_JIT_CACHE_MODE});
static_assert(JIT_CACHE_OPTION_CG == int{CU_JIT_CACHE_OPTION_CG});
static_assert(FUNCTION_MAX_THREADS_PER_BLOCK == int{CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK});
static_assert(FUNCTION_REGISTERS == int{CU_FUNC_ATTRIBUTE_NUM_REGS});

TEST(DriverApi, IsTheToolkits) {
    SUCCEED();
}

}  // namespace
}  // namespace defib::boot::cuda
