# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The state of the source tree, looked up at each build.
# Included: defines kramers_git_version(target). Run as a script (-P): writes OUTPUT, only if it changes.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  # kramers_git_version(target): sources of the target may include "git_version.hpp".
  function(kramers_git_version target)
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/git_version")
    add_custom_target(
      ${target}_git_version
      COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DOUTPUT=${folder}/git_version.hpp" -P
              "${CMAKE_CURRENT_FUNCTION_LIST_FILE}"
      BYPRODUCTS "${folder}/git_version.hpp"
      COMMENT "" VERBATIM)
    add_dependencies(${target} ${target}_git_version)
    target_include_directories(${target} PRIVATE "${folder}")
  endfunction()
  return()
endif()

set(hash "unknown")
set(dirty "false")
find_program(git git)
if(git AND EXISTS "${SOURCE}/.git")
  # The tree may belong to another user, as in a container; asking about it is harmless.
  set(ask "${git}" -c "safe.directory=*" -C "${SOURCE}")
  execute_process(COMMAND ${ask} rev-parse --short=12 HEAD OUTPUT_VARIABLE answer RESULT_VARIABLE failed
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(hash "${answer}")
    execute_process(COMMAND ${ask} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
    if(changes)
      set(dirty "true")
    endif()
  endif()
endif()

set(text "// Written by cmake/git_version.cmake.
#pragma once
inline constexpr char git_hash[] = \"${hash}\";
inline constexpr bool git_dirty = ${dirty};
")
set(old "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
if(NOT old STREQUAL text)
  file(WRITE "${OUTPUT}" "${text}")
endif()
