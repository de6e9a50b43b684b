// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// Exit codes of the programs, after sysexits.h; 128 + signal for an interrupted run.
namespace kramers::exit_code {

inline constexpr int success = 0;
inline constexpr int failure = 1;
inline constexpr int warnings = 2;    ///< done, with warnings about results, where --strict was given
inline constexpr int usage = 64;      ///< UsageError
inline constexpr int bad_input = 65;  ///< InputError, MachineError

}  // namespace kramers::exit_code
