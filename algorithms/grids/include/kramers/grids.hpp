// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// All of kramers::grids: fields on regular grids, their halos and sums, and solvers made of them.
/// Written by cmake/umbrella_headers.py.
#include <kramers/grids/block.hpp>
#include <kramers/grids/cg.hpp>
#include <kramers/grids/cg_system.hpp>
#include <kramers/grids/channel/any_channel.hpp>
#include <kramers/grids/channel/channel.hpp>
#include <kramers/grids/csr_matrix.hpp>
#include <kramers/grids/field.hpp>
#include <kramers/grids/field_hash.hpp>
#include <kramers/grids/halo.hpp>
#include <kramers/grids/jacobi/any_jacobi.hpp>
#include <kramers/grids/jacobi/jacobi.hpp>
#include <kramers/grids/matrix_market.hpp>
#include <kramers/grids/messages.hpp>
#include <kramers/grids/neighbours.hpp>
#include <kramers/grids/row_gather.hpp>
#include <kramers/grids/studies/channel_study.hpp>
#include <kramers/grids/studies/image_file.hpp>
#include <kramers/grids/studies/jacobi_study.hpp>
#include <kramers/grids/studies/published.hpp>
#include <kramers/grids/sum_orders.hpp>
#include <kramers/grids/sums.hpp>
