# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
#
# cmake -DPROGRAM=... -DNM=... -P needs_no_llvm.cmake
# Neither linked in nor needed as a library: LLVM has no place on a guarded machine.
execute_process(COMMAND ${NM} -C ${PROGRAM} OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
if(NOT status EQUAL 0 OR NOT symbols MATCHES "defib::boot::Session::start")
  message(FATAL_ERROR "cannot read the symbols of ${PROGRAM}")
endif()
if(symbols MATCHES "llvm::[A-Za-z]+")
  message(FATAL_ERROR "${PROGRAM} has ${CMAKE_MATCH_0} in it")
endif()
execute_process(COMMAND ldd ${PROGRAM} OUTPUT_VARIABLE libraries)
if(libraries MATCHES "libLLVM|libclang")
  message(FATAL_ERROR "${PROGRAM} needs ${CMAKE_MATCH_0}")
endif()
