// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// All of kramers::dynamics: potentials, schemes, ensembles, spread maps, estimators, exact results, studies.
/// Written by cmake/umbrella_headers.py.
#include <kramers/dynamics/engine/any_ensemble.hpp>
#include <kramers/dynamics/engine/any_spread_map.hpp>
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/engine/layout.hpp>
#include <kramers/dynamics/engine/sampling.hpp>
#include <kramers/dynamics/engine/spread_map.hpp>
#include <kramers/dynamics/estimators/confidence.hpp>
#include <kramers/dynamics/estimators/core_sets.hpp>
#include <kramers/dynamics/estimators/diagnostics.hpp>
#include <kramers/dynamics/estimators/estimators.hpp>
#include <kramers/dynamics/estimators/events.hpp>
#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/estimators/exact_rates.hpp>
#include <kramers/dynamics/potentials/cosine.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/expression.hpp>
#include <kramers/dynamics/potentials/expression_params.hpp>
#include <kramers/dynamics/potentials/expression_program.hpp>
#include <kramers/dynamics/potentials/harmonic.hpp>
#include <kramers/dynamics/potentials/mueller_brown.hpp>
#include <kramers/dynamics/potentials/potential.hpp>
#include <kramers/dynamics/potentials/potential_kind.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/potentials/spline.hpp>
#include <kramers/dynamics/potentials/table.hpp>
#include <kramers/dynamics/potentials/tabulated.hpp>
#include <kramers/dynamics/potentials/tabulated_params.hpp>
#include <kramers/dynamics/schemes/langevin_params.hpp>
#include <kramers/dynamics/schemes/overdamped.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>
#include <kramers/dynamics/schemes/splitting.hpp>
#include <kramers/dynamics/studies/any_potential.hpp>
#include <kramers/dynamics/studies/expression_kind.hpp>
#include <kramers/dynamics/studies/requests.hpp>
#include <kramers/dynamics/studies/spread_study.hpp>
#include <kramers/dynamics/studies/study.hpp>
#include <kramers/dynamics/studies/study_keys.hpp>
#include <kramers/dynamics/studies/study_memory.hpp>
#include <kramers/dynamics/studies/study_params.hpp>
#include <kramers/dynamics/studies/study_results.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
