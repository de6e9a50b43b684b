# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Tests of the device check, run as a script (-P).
# With OBJECT: fails unless the object holds kernels of ours as machine code, which KERNEL matches by their symbols.
# With DEPFILES: fails if a header of ours in SOURCE has device code and none of the compiled sources included it.
cmake_minimum_required(VERSION 3.25)

if(DEFINED OBJECT)
  file(STRINGS "${OBJECT}" kernels REGEX "${KERNEL}")
  list(REMOVE_DUPLICATES kernels)
  list(LENGTH kernels count)
  message(STATUS "${count} kernels in ${OBJECT}")
  if(count EQUAL 0)
    message(FATAL_ERROR "no device code in ${OBJECT}")
  endif()
  return()
endif()

set(seen "")
foreach(depfile IN LISTS DEPFILES)
  file(READ "${depfile}" text)
  string(APPEND seen "${text}")
endforeach()
file(GLOB_RECURSE headers RELATIVE "${SOURCE}" "${SOURCE}/core/include/*.hpp" "${SOURCE}/algorithms/*/include/*.hpp"
     "${SOURCE}/ml/include/*.hpp")
set(missed "")
foreach(header IN LISTS headers)
  file(STRINGS "${SOURCE}/${header}" device_code REGEX "parallel_(for|reduce|scan)\\(|KOKKOS_([A-Z_]*FUNCTION|LAMBDA)")
  string(FIND "${seen}" "/${header}" place)
  if(device_code AND place EQUAL -1)
    list(APPEND missed "${header}")
  endif()
endforeach()
if(missed)
  list(JOIN missed "\n  " missed)
  message(FATAL_ERROR "no device check compiles\n  ${missed}\ninclude them in a source that it lists")
endif()
