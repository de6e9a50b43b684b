# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# KRAMERS_CPU_DISPATCH: the programs once more for each level of x86-64, of which the ones in bin start the best that the
# processor has (kramers/runtime/best_build.hpp). For packages, whose users have processors of all kinds.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  message(FATAL_ERROR "invalid KRAMERS_CPU_DISPATCH: got ON on ${CMAKE_SYSTEM_NAME} ${CMAKE_SYSTEM_PROCESSOR}; expected Linux "
                      "on x86_64, elsewhere one build serves all processors")
elseif(KRAMERS_CPU_FLAGS MATCHES "native")
  message(FATAL_ERROR "invalid KRAMERS_CPU_FLAGS: got ${KRAMERS_CPU_FLAGS} with KRAMERS_CPU_DISPATCH; expected the oldest "
                      "processor that is to run the programs, e.g. -march=x86-64-v2, or nothing")
elseif(KRAMERS_BACKEND MATCHES "^(CUDA|HIP)$")
  message(FATAL_ERROR "invalid KRAMERS_CPU_DISPATCH: got ON with ${KRAMERS_BACKEND}; expected a build for processors")
endif()
include(ExternalProject)
set(folder "${CMAKE_INSTALL_LIBEXECDIR}/kramers")
file(RELATIVE_PATH KRAMERS_BEST_BUILDS "/${CMAKE_INSTALL_BINDIR}" "/${folder}")
# The same build but for the processor.
set(settings)
foreach(name IN ITEMS CMAKE_BUILD_TYPE CMAKE_C_COMPILER CMAKE_CXX_COMPILER CMAKE_C_COMPILER_LAUNCHER CMAKE_CXX_COMPILER_LAUNCHER
                      CMAKE_CXX_FLAGS CMAKE_EXE_LINKER_FLAGS CMAKE_PREFIX_PATH CMAKE_TOOLCHAIN_FILE CMAKE_INSTALL_LIBDIR
                      CMAKE_INSTALL_RPATH_USE_LINK_PATH Kokkos_DIR KokkosKernels_DIR
                      KRAMERS_ENABLE_MPI KRAMERS_ENABLE_HDF5 KRAMERS_ENABLE_HWLOC KRAMERS_ENABLE_BLAS KRAMERS_ENABLE_ZLIB KRAMERS_ENABLE_KERNELS
                      KRAMERS_BACKEND KRAMERS_WARNINGS_AS_ERRORS)
  if(DEFINED ${name} AND NOT ${name} MATCHES "-NOTFOUND$")
    list(APPEND settings "-D${name}:STRING=${${name}}")
  endif()
endforeach()
set(levels x86-64-v3 x86-64-v4)
if(KRAMERS_CPU_FLAGS MATCHES "-march=x86-64-v3")  # the programs in bin themselves
  list(POP_FRONT levels)
endif()
foreach(level IN LISTS levels)
  set(build "${PROJECT_BINARY_DIR}/cpu/${level}")
  ExternalProject_Add(kramers_${level} SOURCE_DIR "${PROJECT_SOURCE_DIR}" PREFIX "${PROJECT_BINARY_DIR}/cpu/${level}.steps"
    BINARY_DIR "${build}" BUILD_ALWAYS TRUE USES_TERMINAL_BUILD TRUE INSTALL_COMMAND ""
    CMAKE_CACHE_ARGS ${settings} "-DKRAMERS_CPU_FLAGS:STRING=-march=${level}" -DKRAMERS_CPU_DISPATCH:BOOL=OFF
                     "-DCMAKE_INSTALL_BINDIR:STRING=${folder}/${level}" -DBUILD_SHARED_LIBS:BOOL=OFF
                     -DKRAMERS_BUILD_TESTS:BOOL=OFF -DKRAMERS_BUILD_BENCH:BOOL=OFF)
  install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\" --install \"${build}\" --component programs
                                --prefix \"\${CMAKE_INSTALL_PREFIX}\" COMMAND_ERROR_IS_FATAL ANY)")
  # Where programs that are not installed look.
  cmake_path(ABSOLUTE_PATH KRAMERS_BEST_BUILDS BASE_DIRECTORY "${PROJECT_BINARY_DIR}/bin" NORMALIZE OUTPUT_VARIABLE builds)
  file(MAKE_DIRECTORY "${builds}")
  file(CREATE_LINK "${build}/bin" "${builds}/${level}" SYMBOLIC)
endforeach()
