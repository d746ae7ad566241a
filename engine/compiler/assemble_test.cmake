# SPDX-FileCopyrightText: The defib authors
# SPDX-License-Identifier: Apache-2.0
#
# cmake -DPTXAS=... -DPTX=... -DOLDER_PTX=... -DPROCESSORS=... -DOUT=... -P assemble_test.cmake
# Every card from the one that the text names to today's takes it.
function(assemble text processor)
  execute_process(COMMAND ${PTXAS} --compile-only -arch=${processor} ${text} -o ${OUT}.${processor}.cubin
                  RESULT_VARIABLE status ERROR_VARIABLE reason)
  if(NOT status EQUAL 0)
    message(SEND_ERROR "${text} for ${processor}: ${reason}")
  endif()
endfunction()
foreach(processor ${PROCESSORS})
  assemble(${PTX} ${processor})
endforeach()
# The text for older cards, for one of them where the assembler still knows it: 13.0 does not, and
# reads the text for the oldest that it knows.
execute_process(COMMAND ${PTXAS} --help OUTPUT_VARIABLE help)
if(help MATCHES "'sm_50'")
  assemble(${OLDER_PTX} sm_50)
else()
  assemble(${OLDER_PTX} sm_75)
endif()
