// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// All of kramers::core: what kernels are written with.
/// Written by cmake/umbrella_headers.py.
#include <kramers/core/concepts.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/core/lanes.hpp>
#include <kramers/core/math.hpp>
#include <kramers/core/noise_group.hpp>
#include <kramers/core/normal.hpp>
#include <kramers/core/philox.hpp>
#include <kramers/core/philox_lanes.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/core/tree_sum.hpp>
#include <kramers/core/vec.hpp>
#include <kramers/core/wide_words.hpp>
