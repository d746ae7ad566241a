# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
#
# cmake -DPTXAS=... -DPTX=... -DPROCESSORS=... -DOUT=... -P assemble_test.cmake
# Every card from the one that the text names to today's takes it.
foreach(processor ${PROCESSORS})
  execute_process(COMMAND ${PTXAS} --compile-only -arch=${processor} ${PTX} -o ${OUT}.${processor}.cubin
                  RESULT_VARIABLE status ERROR_VARIABLE reason)
  if(NOT status EQUAL 0)
    message(SEND_ERROR "${PTX} for ${processor}: ${reason}")
  endif()
endforeach()
