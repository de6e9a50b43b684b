// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/ensemble_factory.hpp>

namespace kramers::dynamics::detail {

// One source file each, so that they compile side by side.
template <class T>
std::unique_ptr<AnyEnsemble> make_harmonic(EnsembleRequest const& request);
template <class T>
std::unique_ptr<AnyEnsemble> make_double_well(EnsembleRequest const& request);
template <class T>
std::unique_ptr<AnyEnsemble> make_cosine(EnsembleRequest const& request);
template <class T>
std::unique_ptr<AnyEnsemble> make_tabulated(EnsembleRequest const& request);
template <class T>
std::unique_ptr<AnyEnsemble> make_mueller_brown(EnsembleRequest const& request);

}  // namespace kramers::dynamics::detail
