# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
foreach(file ${FILES})
  execute_process(COMMAND ${NM} ${file} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
  foreach(line ${lines})
    # W: an inline function, kept once. It is defined here; an undefined weak one would be a small w.
    if(line MATCHES " [TtW] " OR line MATCHES " U defib_dispatch$")
      continue()
    endif()
    message(SEND_ERROR "${file}: neither a function of the runtime nor defib_dispatch: ${line}")
  endforeach()
endforeach()
execute_process(COMMAND ${LLC} -O2 -march=nvptx64 -mcpu=sm_75 ${NVPTX} -o ${PTX} COMMAND_ERROR_IS_FATAL ANY)
file(READ ${PTX} text)
if(NOT text MATCHES "ld\\.volatile" OR NOT text MATCHES "membar\\.sys|fence\\.sc\\.sys|fence\\.acq_rel\\.sys")
  message(SEND_ERROR "${PTX}: reads of the target are not volatile, or nothing orders them")
endif()
