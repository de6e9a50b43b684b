# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# install and find_package(kramers)
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/kramers")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/kramersConfig.cmake.in"
                              "${PROJECT_BINARY_DIR}/kramersConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/kramersConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(TARGETS kramers_numerics kramers_device_flags EXPORT kramersTargets)
install(EXPORT kramersTargets NAMESPACE kramers:: DESTINATION "${package_dir}")
install(DIRECTORY algorithms/dynamics/templates DESTINATION "${package_dir}")
# Shells look for completions by the name of the command, and man for pages.
foreach(program IN ITEMS cg channel classify jacobi langevin launch rare spread topo)
  if(TARGET kramers-${program} OR (program STREQUAL "launch" AND KRAMERS_BUILD_APPS))
    install(FILES "${PROJECT_SOURCE_DIR}/packaging/completion/kramers.bash" RENAME kramers-${program}
            DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
    install(FILES "${PROJECT_SOURCE_DIR}/packaging/man/kramers-${program}.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  endif()
endforeach()
install(FILES "${PROJECT_SOURCE_DIR}/packaging/completion/_kramers" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
install(FILES "${PROJECT_SOURCE_DIR}/cmake/KramersPotentials.cmake" "${PROJECT_BINARY_DIR}/kramersConfig.cmake" "${PROJECT_BINARY_DIR}/kramersConfigVersion.cmake"
        DESTINATION "${package_dir}")
