// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// All of kramers::topology: a node's tree, plans for its ranks and verdicts on them.
/// Written by cmake/umbrella_headers.py.
#include <kramers/topology/check.hpp>
#include <kramers/topology/cpu_set.hpp>
#include <kramers/topology/device.hpp>
#include <kramers/topology/diff.hpp>
#include <kramers/topology/distance.hpp>
#include <kramers/topology/environment.hpp>
#include <kramers/topology/error.hpp>
#include <kramers/topology/json.hpp>
#include <kramers/topology/machine.hpp>
#include <kramers/topology/nccl.hpp>
#include <kramers/topology/plan.hpp>
#include <kramers/topology/process.hpp>
#include <kramers/topology/render.hpp>
#include <kramers/topology/svg.hpp>
