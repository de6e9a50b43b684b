# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Generates what is compiled for each kind of potential; used by kramers' own build, by the device checks and, from the
# installed package, by users who add a potential of their own.
set(KRAMERS_POTENTIAL_TEMPLATES "${CMAKE_CURRENT_LIST_DIR}/../algorithms/dynamics/templates")
if(NOT EXISTS "${KRAMERS_POTENTIAL_TEMPLATES}")
  set(KRAMERS_POTENTIAL_TEMPLATES "${CMAKE_CURRENT_LIST_DIR}/templates")  # installed
endif()

# kramers_potential_sources(result name header type): write the sources of one kind of potential below the present build
# folder and list them in `result`. `header` is included as <header>; `type` is its kind (potential_kind.hpp).
function(kramers_potential_sources result name header type)
  set(KIND_NAME "${name}")
  set(KIND_HEADER "${header}")
  set(KIND_TYPE "${type}")
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/potentials")
  set(sources "")
  foreach(precision IN ITEMS double float)
    set(KIND_PRECISION ${precision})
    string(REPLACE double f64 suffix "${precision}")
    string(REPLACE float f32 suffix "${suffix}")
    configure_file("${KRAMERS_POTENTIAL_TEMPLATES}/potential_ensemble.cpp.in" "${folder}/${name}_ensemble_${suffix}.cpp"
                   @ONLY)
    list(APPEND sources "${folder}/${name}_ensemble_${suffix}.cpp")
  endforeach()
  configure_file("${KRAMERS_POTENTIAL_TEMPLATES}/potential_kind.cpp.in" "${folder}/${name}_kind.cpp" @ONLY)
  list(APPEND sources "${folder}/${name}_kind.cpp")
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

# kramers_builtin_potential_sources(result): those of all potentials that kramers comes with.
function(kramers_builtin_potential_sources result)
  set(all "")
  set(LIST_DECLARATIONS "")
  set(LIST_ENTRIES "")
  foreach(potential IN LISTS KRAMERS_POTENTIALS)
    string(REPLACE "=" ";" parts "${potential}")
    list(GET parts 0 name)
    list(GET parts 1 type)
    set(header potentials/${name}.hpp)
    if(parts MATCHES "^[^;]+;[^;]+;(.+)$")
      set(header "${CMAKE_MATCH_1}")
    endif()
    kramers_potential_sources(sources ${name} "kramers/dynamics/${header}" "kramers::dynamics::${type}")
    list(APPEND all ${sources})
    string(APPEND LIST_DECLARATIONS "PotentialEntry potential_${name}();\n")
    string(APPEND LIST_ENTRIES "generated::potential_${name}(), ")
  endforeach()
  set(list "${CMAKE_CURRENT_BINARY_DIR}/potentials/builtin_potentials.cpp")
  configure_file("${KRAMERS_POTENTIAL_TEMPLATES}/potential_list.cpp.in" "${list}" @ONLY)
  set(${result} ${all} "${list}" PARENT_SCOPE)
endfunction()

# kramers_add_potential(name HEADER file KIND type PROGRAM program): a program like kramers-langevin that offers one more
# potential, "name" in its inputs. `file` is a header of the present source folder with the functor and `type`, its kind:
# kramers/dynamics/potentials/potential_kind.hpp says what a kind has. Takes a minute or two to compile.
function(kramers_add_potential name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADER;KIND;PROGRAM" "")
  foreach(word IN ITEMS HEADER KIND PROGRAM)
    if(NOT arg_${word})
      message(FATAL_ERROR "kramers_add_potential(${name}): ${word} is missing")
    endif()
  endforeach()
  if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${arg_HEADER}")
    message(FATAL_ERROR "kramers_add_potential(${name}): there is no ${CMAKE_CURRENT_SOURCE_DIR}/${arg_HEADER}")
  endif()
  kramers_potential_sources(sources ${name} "${arg_HEADER}" "${arg_KIND}")
  set(KIND_NAME "${name}")
  set(main "${CMAKE_CURRENT_BINARY_DIR}/potentials/${name}_main.cpp")
  configure_file("${KRAMERS_POTENTIAL_TEMPLATES}/langevin_main.cpp.in" "${main}" @ONLY)
  add_executable(${arg_PROGRAM} ${sources} "${main}")
  set_target_properties(${arg_PROGRAM} PROPERTIES CXX_EXTENSIONS OFF)
  target_include_directories(${arg_PROGRAM} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${arg_PROGRAM} PRIVATE kramers::langevin)
endfunction()
