// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "input_guide.hpp"

#include <string>

#include "cg_request.hpp"
#include "solver_run.hpp"

namespace kramers::cg {
namespace {

void read(AppRun const& run) {
  read_request(run.config, run.options);
  AppFiles files(run);
  solvers::add_outputs(files, run);
}

}  // namespace

InputGuide input_guide() {
  InputGuide guide;
  guide.read = read;
  guide.keys = {
      {"matrix.kind", "",
       "five_point is the Laplacian with Dirichlet boundaries, wrapped has shifts by 1 and n on the flat index, "
       "wrapped_corners also by n - 1 and n + 1"},
      {"matrix.n", "", "points a side of the grid; the matrix has n^2 rows", "needed unless the matrix is a file"},
      {"matrix.file", "", "symmetric matrix in the coordinate format of Matrix Market", "needed for kind file"},
      {"right_side.kind", "", "what b is; random is uniform in [0, 1)"},
      {"right_side.seed", "", "of the random numbers", "needed for kind random"},
      {"right_side.file", "", "vector in the array format of Matrix Market", "needed for kind file"},
      {"cg.method", "", "in the others one sum per iteration takes the place of two"},
      {"cg.tolerance", "", "of the 2-norm of b - A x, absolute"},
      {"cg.check_every", "", "with K iterations 1, 1 + K, 1 + 2 K, ... and the last allowed are tested"},
      {"cg.max_iterations", "", "more are an error", "ten times the number of rows"},
      {"cg.replace_every", "", "iterations between residuals that are computed anew from x; 0: never",
       "50 for pipelined, else 0"},
      {"cg.product", "", "who multiplies a stored matrix: kernels is Kokkos Kernels, where the build has it"},
      {"preconditioner.kind", "", "multigrid is one V-cycle, for five_point"},
      {"preconditioner.degree", "", "products with the matrix per application of chebyshev"},
      {"checkpoint.every", "iterations", "between checkpoints; 0: only when a signal ends the run"},
      {"checkpoint.file", "", "where checkpoints go", "OUTPUT.checkpoint.h5"},
      {"output.file", "", "solution and residuals (HDF5)", "none"},
      {"output.summary", "", "summary (JSON)", "none"},
  };
  std::string const grid = "[matrix]\nkind = \"five_point\"\nn = 100\n";
  guide.examples = {
      {"five_point", "The Laplacian on a square, with a V-cycle as preconditioner.",
       grid + "[preconditioner]\nkind = \"multigrid\"\n"},
      {"wrapped", "The matrix of the Legate examples, with a random right side.",
       "[matrix]\nkind = \"wrapped\"\nn = 100\n[right_side]\nkind = \"random\"\nseed = 1\n"},
      {"file",
       "A matrix and a right side from files of Matrix Market.",
       "[matrix]\nkind = \"file\"\nfile = \"matrix.mtx\"\n[right_side]\nkind = \"file\"\nfile = \"b.mtx\"\n"
       "[preconditioner]\nkind = \"chebyshev\"\n",
       {{"matrix.mtx", "%%MatrixMarket matrix coordinate real symmetric\n2 2 3\n1 1 2\n2 1 -1\n2 2 2\n"},
        {"b.mtx", "%%MatrixMarket matrix array real general\n2 1\n1\n2\n"}}},
  };
  return guide;
}

}  // namespace kramers::cg
