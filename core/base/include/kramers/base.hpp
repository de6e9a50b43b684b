// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// All of kramers::base: errors and files, with the standard library alone.
/// Written by cmake/umbrella_headers.py.
#include <kramers/base/error.hpp>
#include <kramers/base/exit_code.hpp>
#include <kramers/base/file.hpp>
#include <kramers/base/guarded.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/base/text.hpp>
