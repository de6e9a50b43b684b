// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/studies/study_results.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

/// What the parts of evaluate() share.
namespace kramers::dynamics::detail {

/// Rows of frames or lags (row, group, FrameQuantity) as tables of groups with one column per row.
class FrameTables {
 public:
  FrameTables(std::vector<double> sums, EnsembleLayout const& layout);

  std::size_t rows() const { return m_sums.size() / (m_groups * row_length<FrameQuantity>); }

  /// One quantity; column i is divided by weight[i] if there are weights.
  SampleTable of(FrameQuantity quantity, std::vector<std::int64_t> const& weight = {}) const {
    return from(0, quantity, weight);
  }
  /// The same without the first rows.
  SampleTable from(std::size_t first_row, FrameQuantity quantity, std::vector<std::int64_t> const& weight = {}) const;

 private:
  std::vector<double> m_sums, m_walkers;
  std::size_t m_groups;
};

/// Everything that a study has added up, on every rank.
struct StudySums {
  SampleTable const* cells;  ///< null where nothing was sampled
  FrameTables const& frames;
  FrameTables const* lags;  ///< null without time correlations, or where the run was shorter than the longest lag
  std::vector<std::int64_t> const& origins;  ///< behind each lag
  double samples;                            ///< of each walker in `cells`
};

/// An entry of StudyResults::observables: a number, or why there is none.
nlohmann::json to_json(Estimate const& e);
nlohmann::json unknown(std::string const& why);

/// Where exp(-V / kT) of the observed coordinate is not zero; nothing where V is no profile or does not confine, or only so
/// far out that no quadrature finds it.
std::optional<exact::Interval> reach_of(StudyParams const& params);
/// The two wells of the observed coordinate, if it has two.
std::optional<exact::TwoWells> wells_of(StudyParams const& params);
/// P_left - P_right of the observed coordinate in equilibrium.
double equilibrium_difference(StudyParams const& params);

/// The mean response to a periodic force; why there is none.
void add_response(StudyParams const& params, FrameTables const& frames, StudyResults& results);
/// Why driven walkers have no number that is one of equilibrium.
inline constexpr char is_driven[] = "a periodic force drives the walkers: they are not in equilibrium";

/// Leaving wells: decay of populations, core sets, first passages; exact values and theory beside them.
void add_rates(StudyParams const& params, StudySums const& sums, StudyResults& results);

/// Compare with what is known exactly and with other parts of the run; warn of what makes its numbers wrong.
void add_verdict(StudyParams const& params, StudySums const& sums, StudyResults& results);
/// Compare rates with the exact ones among the references.
void compare_rates(StudyResults& results);

}  // namespace kramers::dynamics::detail
