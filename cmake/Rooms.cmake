# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
#
# How a room is declared. Everything is compiled the same way, so that no room can be laxer than another:
#
#   defib_room(NAME sources... [USES libraries...])   static library defib_NAME
#   defib_test(NAME sources... [USES libraries...])   GoogleTest program, one ctest entry per case
#   defib_bench(NAME sources... [USES libraries...])  Google Benchmark program, run by ./dev bench
#   defib_fuzz(NAME source SEEDS dir [USES ...])      libFuzzer target, only with DEFIB_FUZZ

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(defib_flags INTERFACE)
target_compile_options(defib_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wimplicit-fallthrough -Werror -fno-omit-frame-pointer
                       -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
target_include_directories(defib_flags INTERFACE ${CMAKE_SOURCE_DIR})
if(NOT DEFIB_SANITIZE STREQUAL "")
  target_compile_options(defib_flags INTERFACE -fsanitize=${DEFIB_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(defib_flags INTERFACE -fsanitize=${DEFIB_SANITIZE})
endif()
if(DEFIB_FUZZ)
  target_compile_options(defib_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(defib_room name)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  add_library(defib_${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(defib_${name} PUBLIC defib_flags ${ARG_USES})
endfunction()

function(defib_program name)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE defib_flags ${ARG_USES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

include(GoogleTest)
function(defib_test name)
  cmake_parse_arguments(ARG "" "" "USES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE defib_flags ${ARG_USES} GTest::gtest_main GTest::gmock)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  # A lab test may boot several guests; a unit test that needs minutes hangs.
  # A guest keeps two cores busy, so that ctest -j runs as many at once as the machine carries.
  set(limit 120)
  set(cores 1)
  if("lab" IN_LIST ARG_LABELS)
    set(limit 600)
    set(cores 2)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES
                       PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${limit} PROCESSORS ${cores})
endfunction()

function(defib_bench name)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE defib_flags ${ARG_USES} benchmark::benchmark)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()

# A fuzz target is always compiled into a replay test over its seeds and past findings, so that a
# finding stays fixed also where nobody fuzzes; with DEFIB_FUZZ it is the fuzzer itself.
function(defib_fuzz name source)
  cmake_parse_arguments(ARG "" "SEEDS" "USES" ${ARGN})
  if(DEFIB_FUZZ)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE defib_flags ${ARG_USES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/fuzz/${name}.seeds CONTENT "${ARG_SEEDS}\n")
    if(NOT TARGET defib_fuzzers)
      add_custom_target(defib_fuzzers)
    endif()
    add_dependencies(defib_fuzzers ${name})
  else()
    add_executable(${name} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
    target_link_libraries(${name} PRIVATE defib_flags ${ARG_USES})
    add_test(NAME ${name}.replay COMMAND ${name} ${ARG_SEEDS})
    set_tests_properties(${name}.replay PROPERTIES LABELS unit TIMEOUT 120)
  endif()
endfunction()
