# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sources that only instantiate templates, written from one template file each: for the build and for the device checks.
# Their headers are found from the folder ml/src, which whoever compiles them names as an include folder.

# kramers_ml_instances(outvar): the kernels of ml for each precision, and the resident ones for each network of the list in
# kramers/ml/resident_networks.hpp. Sets outvar to the sources, <build>/instances/ml/<engine>.[<network>.]<precision>.cpp.
function(kramers_ml_instances outvar)
  set(source "${PROJECT_SOURCE_DIR}/ml/src")
  set(target "${PROJECT_BINARY_DIR}/instances/ml")
  set(list "${PROJECT_SOURCE_DIR}/ml/include/kramers/ml/resident_networks.hpp")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list}")
  file(READ "${list}" text)
  string(REGEX MATCHALL "\n  network\\([A-Za-z0-9]+" lines "${text}")
  set(instances "")
  foreach(type IN ITEMS float double)
    string(REPLACE float f32 precision "${type}")
    string(REPLACE double f64 precision "${precision}")
    configure_file("${source}/gemm/instance.cpp.in" "${target}/gemm.${precision}.cpp" @ONLY)
    list(APPEND instances "${target}/gemm.${precision}.cpp")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE ".*\\(" "" network "${line}")
      configure_file("${source}/resident/instance.cpp.in" "${target}/resident.${network}.${precision}.cpp" @ONLY)
      list(APPEND instances "${target}/resident.${network}.${precision}.cpp")
    endforeach()
  endforeach()
  set(${outvar} "${instances}" PARENT_SCOPE)
endfunction()
