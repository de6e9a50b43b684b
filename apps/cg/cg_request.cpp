// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cg_request.hpp"

#include <kramers/base/hash.hpp>
#include <kramers/grids/matrix_market.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <iterator>
#include <type_traits>
#include <utility>

namespace kramers::cg {

using namespace kramers::grids;

namespace {

/// The place of a name in a list, which is the value of an enumeration in the same order.
template <class Choice>
Choice choose(Config const& config, std::string_view key, std::vector<std::string> const& names, std::string_view usual,
              std::string& name) {
  name = config.one_of(key, names, usual);
  return static_cast<Choice>(std::ranges::find(names, name) - names.begin());
}

std::string read_on_root(std::filesystem::path const& path, Communicator const& comm) {
  std::string text;
  agree(comm, [&] {
    if (comm.is_root()) text = read_named_input(path);
  });
  comm.broadcast(text);
  return text;
}

/// Hash of numbers and their places, going on from `hash`.
template <class T>
std::uint64_t hash_of(std::vector<T> const& numbers, std::uint64_t hash) {
  std::uint64_t place = 0;
  for (T const number : numbers) {
    if constexpr (std::is_floating_point_v<T>) {
      hash += hash_element(place++, std::bit_cast<std::uint64_t>(number));
    } else {
      hash += hash_element(place++, static_cast<std::uint64_t>(number));
    }
  }
  return mix64(hash);
}

/// What the files hold becomes part of the fingerprint.
void add_content(CgRequest& request) {
  nlohmann::json keys = nlohmann::json::parse(request.fingerprint);
  if (request.problem.stored) {
    CsrMatrix const& matrix = *request.problem.stored;
    keys["matrix"]["data"] = hash_of(matrix.value, hash_of(matrix.column, hash_of(matrix.row_start, 0)));
  }
  if (request.right_side_file) keys["right_side"]["data"] = hash_of(request.right_side_values, 0);
  request.fingerprint = keys.dump();
}

}  // namespace

std::function<double(std::int64_t)> CgRequest::right_side_of_row() const {
  if (right_side == RightSide::random) return [s = seed](std::int64_t row) { return uniform_number(s, row); };
  if (right_side == RightSide::file) {
    return [this](std::int64_t row) { return right_side_values[static_cast<std::size_t>(row)]; };
  }
  return [](std::int64_t) { return 1.0; };
}

CgRequest read_request(Config const& config, CommandLine const& options) {
  CgRequest request;
  request.space = options.space;
  CgProblem& problem = request.problem;
  problem.matrix = choose<CgMatrix>(config, "matrix.kind", {"five_point", "wrapped", "wrapped_corners", "file"}, "",
                                    request.matrix_name);
  bool const stored = problem.matrix == CgMatrix::stored;
  if (stored) {
    request.matrix_file = config.path("matrix.file");
  } else {
    problem.n = config.bounded<std::int64_t>("matrix.n", 3, std::int64_t{1} << 24);
  }
  request.right_side =
      choose<RightSide>(config, "right_side.kind", {"ones", "random", "file"}, "ones", request.right_side_name);
  if (request.right_side == RightSide::random) request.seed = config.get<std::uint64_t>("right_side.seed");
  if (request.right_side == RightSide::file) request.right_side_file = config.path("right_side.file");

  CgParams& params = request.params;
  params.method = choose<CgMethod>(config, "cg.method", {"classic", "single_reduction", "pipelined"}, "classic",
                                   request.method_name);
  params.tolerance = config.positive<double>("cg.tolerance", 1e-10);
  constexpr std::int64_t most = std::int64_t{1} << 45;
  params.check_every = config.bounded<std::int64_t>("cg.check_every", 1, most, 1);
  std::int64_t const usual = params.method == CgMethod::pipelined ? 50 : 0;
  params.replace_every = config.bounded<std::int64_t>("cg.replace_every", 0, most, usual);
  if (auto const given = config.find<std::int64_t>("cg.max_iterations")) {
    config.check(*given >= 1 && *given <= most, "cg.max_iterations", "an integer from 1 to " + std::to_string(most));
    params.max_iterations = *given;
  }

  if (stored) {
    problem.product = choose<CgProduct>(config, "cg.product", {"own", "kernels"}, "own", request.product_name);
    config.check(problem.product == CgProduct::own || has_kernels_product(), "cg.product",
                 "own in this build, which has no Kokkos Kernels");
  }

  std::vector<std::string> const names{"none", "jacobi", "chebyshev", "multigrid"};
  problem.preconditioner =
      choose<CgPreconditioner>(config, "preconditioner.kind", names, "none", request.preconditioner_name);
  config.check(problem.preconditioner != CgPreconditioner::multigrid || problem.matrix == CgMatrix::five_point,
               "preconditioner.kind", "none, jacobi or chebyshev where matrix.kind is not five_point");
  if (problem.preconditioner == CgPreconditioner::chebyshev) {
    problem.chebyshev_degree = config.bounded<int>("preconditioner.degree", 1, 1000, 4);
  }
  // Where it stops may change. Of files the content counts, not the name.
  request.fingerprint = checkpoint_fingerprint(
      config.effective(), {"/cg/max_iterations", "/cg/tolerance", "/matrix/file", "/right_side/file"});
  return request;
}

void load(CgRequest& request, Communicator const& comm) {
  if (request.matrix_file) {
    std::string const text = read_on_root(*request.matrix_file, comm), source = request.matrix_file->string();
    agree(comm, [&] {
      auto matrix = std::make_shared<CsrMatrix>(parse_matrix_market(text, source));
      require_symmetric(*matrix, source);
      request.problem.stored = std::move(matrix);
    });
  }
  std::int64_t const rows = request.problem.rows();
  if (request.right_side_file) {
    std::string const text = read_on_root(*request.right_side_file, comm), source = request.right_side_file->string();
    agree(comm, [&] {
      request.right_side_values = parse_matrix_market_vector(text, source);
      if (std::ssize(request.right_side_values) == rows) return;
      throw InputError(source, 0,
                       "has " + std::to_string(request.right_side_values.size()) + " values; expected " +
                           std::to_string(rows) + ", one for each row of the matrix");
    });
  }
  add_content(request);
  if (request.params.max_iterations == 0) request.params.max_iterations = 10 * rows;
  std::int64_t const blocks = request.matrix_file ? (rows + stored_block - 1) / stored_block : request.problem.n;
  std::int64_t const most =
      request.problem.matrix == CgMatrix::wrapped_corners ? std::max<std::int64_t>(1, blocks / 2) : blocks;
  if (comm.size() <= most) return;
  throw UsageError(
      std::to_string(comm.size()) + " ranks are too many for this matrix, whose " + std::to_string(rows) +
      " rows are divided in whole " +
      (request.matrix_file ? "blocks of " + std::to_string(stored_block) + " rows" : std::string("rows of the grid")) +
      "; use at most " + std::to_string(most));
}

std::vector<MemoryNeed> memory_needed(CgRequest const& request, int ranks) {
  CgProblem const& problem = request.problem;
  auto const rows = static_cast<double>(problem.rows());
  auto const vectors = static_cast<double>(vectors_of(request.params.method, problem).size() +
                                           (problem.preconditioner == CgPreconditioner::chebyshev ? 1 : 0));
  std::vector<MemoryNeed> needs;
  MemoryNeed of_vectors{"the vectors", problem.stored ? "matrix.file" : "matrix.n"};
  of_vectors.space = 8 * vectors * rows / ranks;
  of_vectors.host = 16 * rows / ranks;  // x, and its mirror
  needs.push_back(of_vectors);
  if (problem.preconditioner == CgPreconditioner::multigrid) {
    MemoryNeed of_levels{"the coarser grids", "preconditioner.kind"};
    of_levels.space = 8 * 8 * rows / ranks;
    needs.push_back(of_levels);
  }
  if (problem.stored) {
    MemoryNeed of_matrix{"the matrix", "matrix.file"};
    of_matrix.host = 20.0 * static_cast<double>(problem.stored->entries()) + 8 * rows;
    of_matrix.space = 12.0 * static_cast<double>(problem.stored->entries()) / ranks + 24 * rows;
    if (problem.product == CgProduct::kernels) of_matrix.space += 16 * rows / ranks;
    needs.push_back(of_matrix);
  }
  return needs;
}

}  // namespace kramers::cg
