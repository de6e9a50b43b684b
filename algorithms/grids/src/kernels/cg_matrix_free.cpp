// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/core/philox.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/grids/detail/cg_factories.hpp>
#include <kramers/grids/detail/cg_vectors.hpp>

#include <utility>

namespace kramers::grids {

double uniform_number(std::uint64_t seed, std::int64_t row) {
  constexpr auto stream = static_cast<Stream>(48);  // of right sides
  PhiloxBlock const word = philox_block(seed, static_cast<std::uint64_t>(row), 0, stream);
  std::uint64_t const top = ((std::uint64_t{word.w0} << 32) | word.w1) >> 11;
  return static_cast<double>(top) * 0x1p-53;
}

namespace detail {

std::unique_ptr<CgSystem> make_five_point_system(std::string const& space, CgProblem const& problem,
                                                 std::vector<CgVector> const& vectors, Communicator const& comm) {
  std::int64_t const gap = problem.matrix == CgMatrix::five_point ? 1 : 0;
  return for_space(space, [&]<class Space>(Space const& exec) -> std::unique_ptr<CgSystem> {
    using Source = ShiftSource<Space, false>;
    std::unique_ptr<DevicePreconditioner<Space>> multigrid;
    Source source(comm, problem.n, gap, problem.messages);
    if (problem.preconditioner == CgPreconditioner::multigrid)
      multigrid = make_multigrid(exec, comm, problem.n, problem.messages);
    return std::make_unique<CgVectors<Space, Source>>(exec, problem, vectors, comm, std::move(source),
                                                      std::move(multigrid));
  });
}

std::unique_ptr<CgSystem> make_corners_system(std::string const& space, CgProblem const& problem,
                                              std::vector<CgVector> const& vectors, Communicator const& comm) {
  return for_space(space, [&]<class Space>(Space const& exec) -> std::unique_ptr<CgSystem> {
    using Source = ShiftSource<Space, true>;
    return std::make_unique<CgVectors<Space, Source>>(exec, problem, vectors, comm,
                                                      Source(comm, problem.n, 0, problem.messages), nullptr);
  });
}

}  // namespace detail
}  // namespace kramers::grids
