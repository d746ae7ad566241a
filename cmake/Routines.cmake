# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
#
#   defib_routines(NAME sources... [RUNTIME])
#
# Compiles detectors, routines and views: each source to bitcode by clang with the plugin, the set
# by defibc. Gives the library NAME (what the CPU twin links: defib_dispatch() and the manifest's
# text) and, in the build folder, NAME.manifest.json and NAME.sm_75.ptx: with RUNTIME
# this is a whole GPU program, and NAME.sm_50.ptx another for older cards; else it lacks what engine/runtime brings. With DEFIB_CUBINS, where ptxas is
# installed, also NAME.<card>.cubin, machine code for each generation of cards that it knows (or for those
# listed): a minute each, which is for whoever ships an image, not for every build.
#
# What the flags are for: both processors wrap integers and know no aliasing by type; address 0 is
# one like any other in a kernel's memory; nothing is undefined that can be made zero; names and
# types of fields travel as debug information. LLVM's passes stay off: defibc runs its own, after it
# has seen the code as it was written.
set(DEFIB_ROUTINE_FLAGS
    --target=nvptx64-nvidia-cuda -std=c++23 -ffreestanding -nogpulib -fno-exceptions -fno-rtti -fwrapv
    -fno-strict-aliasing -fno-delete-null-pointer-checks -ftrivial-auto-var-init=zero
    -fno-jump-tables -g -O2 -Xclang -debug-info-kind=standalone -Xclang -disable-llvm-passes
    -Wall -Wextra -Werror -emit-llvm -c)

find_program(PTXAS ptxas HINTS /usr/local/cuda/bin)
set(DEFIB_CARDS sm_75 sm_80 sm_86 sm_89 sm_90 sm_100 sm_120)
set(DEFIB_CUBIN_CARDS)
set(DEFIB_CUBINS OFF CACHE STRING
    "machine code made by ptxas: OFF, ON for each generation of cards, or a list (sm_75;sm_90)")
if(PTXAS AND DEFIB_CUBINS)
  execute_process(COMMAND ${PTXAS} --help OUTPUT_VARIABLE ptxas_help)
  set(cards ${DEFIB_CUBINS})
  if(DEFIB_CUBINS STREQUAL "ON")
    set(cards ${DEFIB_CARDS})
  endif()
  foreach(card ${cards})
    if(ptxas_help MATCHES "'${card}'")
      list(APPEND DEFIB_CUBIN_CARDS ${card})
    endif()
  endforeach()
endif()

function(defib_routines name)
  cmake_parse_arguments(ARG "RUNTIME" "" "" ${ARGN})
  set(runtime)
  if(ARG_RUNTIME)
    set(runtime ${CMAKE_BINARY_DIR}/engine/runtime/runtime.nvptx64.bc)
  endif()
  set(parts)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/engine/kernel/*.h
       ${CMAKE_SOURCE_DIR}/engine/abi/*.h ${CMAKE_SOURCE_DIR}/engine/detectors/*.h
       ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  foreach(source ${ARG_UNPARSED_ARGUMENTS})
    set(part ${CMAKE_CURRENT_BINARY_DIR}/${name}/${source}.bc)
    get_filename_component(folder ${part} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    # Relative paths: the manifest and every message name files as the tree does, wherever it lies.
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${source})
    add_custom_command(OUTPUT ${part}
      COMMAND ${CMAKE_CXX_COMPILER} ${DEFIB_ROUTINE_FLAGS} -I. -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
              -fplugin=$<TARGET_FILE:defib_clang_plugin> ${path} -o ${part}
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
      DEPENDS ${source} ${headers} defib_clang_plugin VERBATIM)
    list(APPEND parts ${part})
  endforeach()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name})
  set(cubins)
  set(cubin_options)
  foreach(card ${DEFIB_CUBIN_CARDS})
    list(APPEND cubins ${out}.${card}.cubin)
    list(APPEND cubin_options --cubin ${out}.${card}.cubin:${card})
  endforeach()
  if(cubins)
    list(APPEND cubin_options --ptxas ${PTXAS})
  endif()
  add_custom_command(
    OUTPUT ${cubins} ${out}.o ${out}.manifest.json ${out}.sm_75.ptx
    COMMAND defibc ${parts} --object ${out}.o --manifest ${out}.manifest.json
            --ptx ${out}.sm_75.ptx:sm_75:ptx64:${runtime}
            ${cubin_options}
    DEPENDS ${parts} ${runtime} defibc VERBATIM)
  if(ARG_RUNTIME)
    set(one_lane ${CMAKE_BINARY_DIR}/engine/runtime/runtime.nvptx64_one_lane.bc)
    add_custom_command(OUTPUT ${out}.sm_50.ptx
      COMMAND defibc ${parts} --ptx ${out}.sm_50.ptx:sm_50:ptx50:${one_lane}
      DEPENDS ${parts} ${one_lane} defibc VERBATIM)
    add_custom_target(${name}_older_cards DEPENDS ${out}.sm_50.ptx)
  endif()
  add_library(${name} STATIC ${out}.o)
  list(TRANSFORM ARG_UNPARSED_ARGUMENTS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX
                        ROUTINE_SOURCES "${ARG_UNPARSED_ARGUMENTS}" ROUTINE_RUNTIME "${runtime}")
endfunction()

# defib_cubin_list(SET FILE CUBINS): of the set that NAME of defib_routines() made as SET.*, FILE gets a line
# DEFIB_CUBIN(generation, "file") for each machine code (engine/base/embedded.h), and CUBINS all their files.
function(defib_cubin_list set file cubins)
  set(files)
  set(lines)
  foreach(card ${DEFIB_CUBIN_CARDS})
    list(APPEND files ${set}.${card}.cubin)
    string(REPLACE "sm_" "" generation ${card})
    string(APPEND lines "DEFIB_CUBIN(${generation}, \"${set}.${card}.cubin\")\n")
  endforeach()
  file(CONFIGURE OUTPUT ${file} CONTENT "${lines}" @ONLY)
  set(${cubins} ${files} PARENT_SCOPE)
endfunction()
