// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <optional>
#include <string>

namespace kramers {

/// Become the build of this program for the best instruction set of this machine's processor. Builds with
/// KRAMERS_CPU_DISPATCH=ON keep them in FOLDER/LEVEL/PROGRAM, LEVEL being x86-64-v3 (AVX2 and fma) or x86-64-v4
/// (AVX-512) and FOLDER relative to the folder of the running program. KRAMERS_CPU_LEVEL in the environment chooses a
/// level, or `baseline`. Call it first of all: it does not return where there is such a build, and the other one starts
/// with the same arguments and environment. The bits of results do not depend on it. The program is loaded twice.
/// @param folder empty in a build without others: then nothing happens
/// @return why the level that KRAMERS_CPU_LEVEL asks for cannot be had; else nothing
std::optional<std::string> become_best_build(char** argv, std::string const& folder);

/// The same with the folder of this build of kramers.
std::optional<std::string> become_best_build(char** argv);

}  // namespace kramers
