// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "sweep.hpp"

#include <kramers/base/exit_code.hpp>
#include <kramers/base/text.hpp>
#include <kramers/dynamics/studies/study_memory.hpp>
#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "forecast.hpp"
#include "kept_points.hpp"
#include "report.hpp"
#include "sweep_table.hpp"

namespace kramers::langevin {

namespace {

using Rows = std::map<std::int64_t, nlohmann::json>;

/// What the input says of all points.
struct Plan {
  std::vector<StudyParams> points;
  Outputs outputs;
  nlohmann::json keys;  ///< effective keys; defaults that follow from numbers that vary are left to each point
};

/// Names of keys that have other values than before.
void find_changes(nlohmann::json const& before, nlohmann::json const& now, nlohmann::json::json_pointer const& at,
                  std::set<std::string>& changed) {
  for (auto const& [key, value] : now.items()) {
    if (!before.contains(key)) continue;
    if (value.is_object()) {
      find_changes(before[key], value, at / key, changed);
    } else if (value != before[key]) {
      changed.insert((at / key).to_string());
    }
  }
}

Plan read_plan(AppRun const& run, PotentialList const& potentials, Sweep& sweep) {
  Plan plan;
  std::set<std::string> changed;
  for (std::int64_t point = 0; point < sweep.points(); ++point) {
    sweep.read_at(point, [&] {
      plan.points.push_back(read_study(run.config, run.options, potentials));
      if (plan.points.back().trajectory_walkers > 0) {
        throw run.config.error("output.trajectory.walkers",
                               "asks for trajectories, which a sweep does not keep; set it to 0, or run a point alone");
      }
      nlohmann::json const keys = effective_keys(run.config);
      find_changes(plan.keys, keys, nlohmann::json::json_pointer(), changed);
      plan.keys = keys;
    });
  }
  plan.outputs = read_outputs(run, plan.points.front());
  run.config.reject_unknown();
  for (std::string const& name : changed) {
    nlohmann::json::json_pointer const pointer(name);
    plan.keys[pointer.parent_pointer()].erase(pointer.back());
  }
  return plan;
}

/// What a point needs on the rank that runs it.
std::vector<MemoryNeed> alone(StudyParams const& point) {
  return memory_needed(point, {0, point.request.params.walkers}, 1);
}

double cost(StudyParams const& point) {
  return static_cast<double>(point.request.params.walkers) * static_cast<double>(point.last_step());
}

/// The points of each rank, the longest first: each goes to the rank that has least to do so far.
struct Shares {
  std::vector<std::vector<std::int64_t>> points;
  double longest = 0;  ///< cost of the rank that has most to do
};

Shares share_out(std::vector<StudyParams> const& points, Rows const& done, int ranks) {
  std::vector<std::int64_t> order;
  for (std::int64_t point = 0; point < std::ssize(points); ++point) {
    if (!done.contains(point)) order.push_back(point);
  }
  auto const cost_of = [&](std::int64_t point) { return cost(points[static_cast<std::size_t>(point)]); };
  std::ranges::stable_sort(order, std::ranges::greater{}, cost_of);
  Shares shares{std::vector<std::vector<std::int64_t>>(static_cast<std::size_t>(ranks)), 0};
  std::vector<double> load(static_cast<std::size_t>(ranks), 0.0);
  for (std::int64_t const point : order) {
    auto const least = std::ranges::min_element(load);
    *least += cost_of(point);
    shares.points[static_cast<std::size_t>(least - load.begin())].push_back(point);
  }
  shares.longest = *std::ranges::max_element(load);
  return shares;
}

/// The work of a rank.
class Worker {
 public:
  Worker(AppRun const& run, Sweep const& sweep, Plan& plan, KeptPoints const& kept)
      : m_run(run), m_sweep(sweep), m_plan(plan), m_kept(kept) {}

  /// Run these points, or until a signal arrives here; returns it.
  int work(std::vector<std::int64_t> const& points, Rows& rows) {
    for (std::int64_t const point : points) {
      tell(point);
      auto row = nlohmann::json{{"values", values(point)}};
      try {
        if (int const signal = run_point(point, row); signal != 0) return signal;
      } catch (DivergedError const& error) {  // as those with the longest time steps may
        row["note"] = error.what();
      }
      try {
        m_kept.keep(point, row);
      } catch (IoError const& error) {
        warn(std::string("not kept for --resume: ") + error.what());
      }
      rows[point] = std::move(row);
    }
    return 0;
  }

 private:
  nlohmann::json values(std::int64_t point) const {
    nlohmann::json result;
    auto const numbers = m_sweep.values(point);
    auto number = numbers.begin();
    for (SweepAxis const& axis : m_sweep.axes()) result[axis.key] = *number++;
    return result;
  }

  void tell(std::int64_t point) const {
    if (m_run.options.quiet || !m_run.comm.is_root()) return;
    std::string const others = m_run.comm.size() > 1 ? ", on rank 0 of " + std::to_string(m_run.comm.size()) : "";
    std::fprintf(stderr, "kramers-langevin: point %lld of %lld (%s)%s\n", static_cast<long long>(point + 1),
                 static_cast<long long>(m_sweep.points()), m_sweep.name(point).c_str(), others.c_str());
  }

  void warn(std::string const& what) const {
    std::fprintf(stderr, "kramers-langevin: warning: %s\n", printable(what).c_str());
  }

  int run_point(std::int64_t point, nlohmann::json& row) {
    StudyParams& params = m_plan.points[static_cast<std::size_t>(point)];
    params.checkpoint = m_kept.checkpoint(point);
    Study study(params, Communicator::self());
    if (m_run.options.resume && std::filesystem::exists(params.checkpoint)) study.resume(params.checkpoint);
    bool const is_quiet = m_run.options.quiet || !m_run.comm.is_root();
    int const signal = study.run(is_quiet, [this](std::string const& what) { warn(what); });
    if (signal != 0) return signal;
    StudyResults results = evaluate(study);
    add_references(params, results);
    row.update(findings(study, results));
    return 0;
  }

  AppRun const& m_run;
  Sweep const& m_sweep;
  Plan& m_plan;
  KeptPoints const& m_kept;
};

/// All rows, on every rank; so many as there are.
Rows gather(Communicator const& comm, Rows const& mine) {
  auto const texts = comm.gather_texts(nlohmann::json(mine).dump());
  nlohmann::json all = nlohmann::json::array();
  for (std::string const& text : texts) all.push_back(nlohmann::json::parse(text));
  std::string text = all.dump();
  comm.broadcast(text);
  Rows rows;
  for (auto const& part : nlohmann::json::parse(text)) rows.merge(part.get<Rows>());
  return rows;
}

Forecast forecast_of(Plan const& plan, AppRun const& run, Sweep const& sweep) {
  auto const longest = std::ranges::max_element(plan.points, {}, cost);
  EnsembleLayout const layout(longest->request.params.walkers);
  Forecast result = forecast(*longest, Division::equal(layout, 1), Communicator::self());
  double const shares = share_out(plan.points, {}, run.comm.size()).longest / cost(*longest);
  std::string keys;
  for (SweepAxis const& axis : sweep.axes()) keys += (keys.empty() ? "" : " x ") + axis.key;
  result.work = std::to_string(plan.points.size()) + " points of " + keys + ", the longest: " + result.work;
  if (result.seconds) result.seconds = run.comm.max(*result.seconds * shares);
  return result;
}

void report_interruption(AppRun const& run, KeptPoints const& kept, int signal, std::size_t done, std::size_t all) {
  if (!run.comm.is_root()) return;
  std::fprintf(
      stderr,
      "kramers-langevin: stopped by signal %d with %zu of %zu points done; go on with --resume (points in %s)\n",
      signal, done, all, printable(kept.folder().string()).c_str());
}

/// A few of many, that repeat each other: the summary has them all.
void warn_of(nlohmann::json const& warnings) {
  constexpr std::size_t enough = 3;
  for (std::size_t i = 0; i < std::min(enough, warnings.size()); ++i) {
    std::fprintf(stderr, "kramers-langevin: warning: %s\n", printable(warnings[i].get<std::string>()).c_str());
  }
  if (warnings.size() <= enough) return;
  std::fprintf(stderr, "kramers-langevin: warning: %zu more of the points are in the summary\n",
               warnings.size() - enough);
}

}  // namespace

int run_sweep(AppRun const& run, PotentialList const& potentials, Sweep& sweep) {
  Communicator const& comm = run.comm;
  if (run.options.replay) {
    throw UsageError("--replay follows a walker of one run, and the input has several values of '" +
                     sweep.axes().front().key + "'; give it one with --set");
  }
  if (run.options.own.contains("--until")) {
    throw UsageError("--until ends one run, and the input has several values of '" + sweep.axes().front().key +
                     "'; give it one with --set");
  }
  Plan plan = read_plan(run, potentials, sweep);
  InputRecord input = record_input(run.config, run.options.precision, comm);
  input.effective = toml_text(plan.keys);
  auto const largest = std::ranges::max_element(
      plan.points, {}, [&](StudyParams const& point) { return host_bytes(alone(point), point.request.space); });
  require_memory(comm, alone(*largest), run.options.space);
  if (run.options.check) return tell(run, forecast_of(plan, run, sweep));

  auto const begin = std::chrono::steady_clock::now();
  std::string const data = std::to_string(plan.points.front().request.potential->data_hash());
  KeptPoints const kept(plan.points.front().checkpoint, input.effective + input.precision + data);
  Rows rows;
  agree(comm, [&] {
    if (!comm.is_root()) return;
    if (run.options.resume) {
      rows = kept.read(sweep.points());
    } else {
      kept.begin();
    }
  });
  rows = gather(comm, rows);
  auto const shares = share_out(plan.points, rows, comm.size());
  int signal = 0;
  agree(comm, [&] {
    signal = Worker(run, sweep, plan, kept).work(shares.points[static_cast<std::size_t>(comm.rank())], rows);
  });
  rows = gather(comm, rows);
  signal = static_cast<int>(comm.max(std::int64_t{signal}));
  if (signal != 0) {
    report_interruption(run, kept, signal, rows.size(), plan.points.size());
    return 128 + signal;
  }

  auto const origin = provenance(comm, "kramers-langevin", run.options.space, run.options.words, run.config.verbatim());
  std::vector<nlohmann::json> table;
  for (auto& [point, row] : rows) table.push_back(std::move(row));
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  nlohmann::json summary = summarise(run, sweep, plan.points.front().units, table, comm.max(seconds));
  summary["input"] = plan.keys;
  summary["provenance"] = origin;
  bool const has_warnings = !summary["warnings"].empty();
  agree(comm, [&] {
    if (!comm.is_root()) return;
    for (auto const& output : {plan.outputs.results, plan.outputs.summary}) {
      if (output) keep_former(run, *output);
    }
    if (plan.outputs.results) write_sweep(*plan.outputs.results, sweep, plan.points, summary, origin, input);
    if (plan.outputs.summary) write_summary(*plan.outputs.summary, summary, run);
    kept.remove(sweep.points());
    if (run.options.quiet) return;
    print_sweep(summary);
    if (has_warnings) warn_of(summary["warnings"]);
  });
  return run.options.strict && has_warnings ? exit_code::warnings : exit_code::success;
}

}  // namespace kramers::langevin
