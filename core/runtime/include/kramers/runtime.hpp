// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// All of kramers::runtime: what programs share.
/// Written by cmake/umbrella_headers.py.
#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/best_build.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/communicator.hpp>
#include <kramers/runtime/config.hpp>
#include <kramers/runtime/device_probe.hpp>
#include <kramers/runtime/exchange.hpp>
#include <kramers/runtime/forecast.hpp>
#include <kramers/runtime/gpu_aware_mpi.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/input_guide.hpp>
#include <kramers/runtime/json_file.hpp>
#include <kramers/runtime/key_recorder.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/memory_need.hpp>
#include <kramers/runtime/memory_problem.hpp>
#include <kramers/runtime/progress.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/signals.hpp>
#include <kramers/runtime/sweep.hpp>
#include <kramers/runtime/units.hpp>
#include <kramers/runtime/vector_width.hpp>
