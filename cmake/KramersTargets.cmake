# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The flags every kramers target shares, and the functions that make targets.
include(CheckCXXCompilerFlag)
include(KramersPrecompiled)

# Flags that libraries, programs and tests are compiled with, and users of the headers too: they fix the bits.
add_library(kramers_numerics INTERFACE)
add_library(kramers::numerics ALIAS kramers_numerics)
set_target_properties(kramers_numerics PROPERTIES EXPORT_NAME numerics)
target_compile_features(kramers_numerics INTERFACE cxx_std_20)
# No contraction: a fused multiply-add only where the source says fma. The others change no bits, they let loops
# with sqrt, comparisons and omp simd vectorise.
target_compile_options(kramers_numerics INTERFACE -ffp-contract=off -fno-math-errno -fno-trapping-math)

# The same for whoever compiles kernels.
kokkos_check(DEVICES CUDA RETURN_VALUE KRAMERS_CUDA)
kokkos_check(DEVICES HIP RETURN_VALUE KRAMERS_HIP)
set(omp_simd -fopenmp-simd)
if(KRAMERS_HIP)  # in device code clang would call an OpenMP run-time library that is not there
  set(omp_simd "SHELL:-Xarch_host -fopenmp-simd")
endif()
add_library(kramers_device_flags INTERFACE)
set_target_properties(kramers_device_flags PROPERTIES EXPORT_NAME device_flags)
target_compile_options(kramers_device_flags INTERFACE ${omp_simd} "$<$<BOOL:${KRAMERS_CUDA}>:--fmad=false;--expt-relaxed-constexpr>")

# Private to kramers' own sources.
add_library(kramers_build_options INTERFACE)
target_compile_options(kramers_build_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                       $<$<BOOL:${KRAMERS_WARNINGS_AS_ERRORS}>:-Werror>)
# What clang adds to these and GCC does not.
target_compile_options(kramers_build_options
                       INTERFACE $<$<CXX_COMPILER_ID:Clang,AppleClang,IntelLLVM>:-Wno-sign-conversion;-Wno-missing-braces;-Wno-pass-failed>)
separate_arguments(KRAMERS_CPU_FLAG_LIST UNIX_COMMAND "${KRAMERS_CPU_FLAGS}")
target_compile_options(kramers_build_options INTERFACE ${KRAMERS_CPU_FLAG_LIST})
# On AVX-512 machines whole vectors pay off for these kernels; the flag is unknown elsewhere.
check_cxx_compiler_flag(-mprefer-vector-width=512 KRAMERS_HAS_VECTOR_WIDTH)
if(KRAMERS_HAS_VECTOR_WIDTH)
  set(KRAMERS_VECTOR_FLAGS -mprefer-vector-width=512)
  target_compile_options(kramers_build_options INTERFACE ${KRAMERS_VECTOR_FLAGS})
endif()

# kramers_host_objects(target SOURCES ... LINK ... SEES ...): add sources without kernels to a target. They are compiled
# without Kokkos, so never by a device compiler; of the libraries in SEES they may include what is free of Kokkos.
function(kramers_host_objects target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK;SEES")
  add_library(${target}_host OBJECT ${arg_SOURCES})
  set_target_properties(${target}_host PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${target}_host PRIVATE kramers_numerics ${arg_LINK} kramers_build_options)
  foreach(library IN LISTS arg_SEES)
    get_target_property(folder kramers_${library} KRAMERS_INCLUDE)
    target_include_directories(${target}_host PRIVATE "${folder}")
  endforeach()
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_host>)
endfunction()

# kramers_headers(name scope): install the headers under include/.
function(kramers_headers name scope)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/include/*.hpp")
  target_sources(kramers_${name} ${scope} FILE_SET HEADERS BASE_DIRS "${CMAKE_CURRENT_SOURCE_DIR}/include"
                                          FILES ${headers})
  set_target_properties(kramers_${name} PROPERTIES EXPORT_NAME ${name} KRAMERS_INCLUDE "${CMAKE_CURRENT_SOURCE_DIR}/include")
  set_property(GLOBAL APPEND PROPERTY KRAMERS_LIBRARIES_WITH_HEADERS ${name})
  set_property(GLOBAL APPEND PROPERTY KRAMERS_INCLUDE_FOLDERS "${CMAKE_CURRENT_SOURCE_DIR}/include")
  target_compile_features(kramers_${name} ${scope} cxx_std_20)
endfunction()

# kramers_library(name SOURCES ... HOST ... HOST_LINK ... HOST_SEES ... LINK ...): the library kramers::name with the
# headers in the folder include. SOURCES may hold kernels; HOST are those without (kramers_host_objects).
function(kramers_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HEADERLESS" "" "SOURCES;HOST;HOST_LINK;HOST_SEES;LINK")
  add_library(kramers_${name} ${arg_SOURCES})
  add_library(kramers::${name} ALIAS kramers_${name})
  set_target_properties(kramers_${name} PROPERTIES EXPORT_NAME ${name} CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(kramers_${name} PUBLIC ${arg_LINK} PRIVATE $<BUILD_INTERFACE:kramers_build_options>)
  if(arg_HEADERLESS)
    install(TARGETS kramers_${name} EXPORT kramersTargets)
  else()
    kramers_headers(${name} PUBLIC)
    install(TARGETS kramers_${name} EXPORT kramersTargets FILE_SET HEADERS)
    list(APPEND arg_HOST_SEES ${name})
  endif()
  if(arg_HOST)
    kramers_host_objects(kramers_${name} SOURCES ${arg_HOST} LINK ${arg_HOST_LINK} SEES ${arg_HOST_SEES})
  endif()
endfunction()

# kramers_header_library(name LINK ...): the same for a library without sources.
function(kramers_header_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK")
  add_library(kramers_${name} INTERFACE)
  add_library(kramers::${name} ALIAS kramers_${name})
  kramers_headers(${name} INTERFACE)
  target_link_libraries(kramers_${name} INTERFACE ${arg_LINK})
  install(TARGETS kramers_${name} EXPORT kramersTargets FILE_SET HEADERS)
endfunction()

# kramers_program(name SOURCES ... HOST ... HOST_LINK ... HOST_SEES ... LINK ...): a program in <build>/bin.
function(kramers_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HOST;HOST_LINK;HOST_SEES;LINK")
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin" CXX_EXTENSIONS OFF)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${name} PRIVATE ${arg_LINK} kramers_build_options)
  if(arg_HOST)
    kramers_host_objects(${name} SOURCES ${arg_HOST} LINK ${arg_HOST_LINK} SEES ${arg_HOST_SEES})
  endif()
endfunction()
