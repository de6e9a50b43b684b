// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/core/spaces.hpp>
#include <kramers/grids/detail/cg_factories.hpp>
#include <kramers/grids/detail/cg_vectors.hpp>

namespace kramers::grids::detail {

std::unique_ptr<CgSystem> make_stored_system(std::string const& space, CgProblem const& problem,
                                             std::vector<CgVector> const& vectors, Communicator const& comm) {
  return for_space(space, [&]<class Space>(Space const& exec) -> std::unique_ptr<CgSystem> {
    using Source = StoredSource<Space>;
    return std::make_unique<CgVectors<Space, Source>>(exec, problem, vectors, comm,
                                                      Source(exec, comm, *problem.stored, stored_block), nullptr);
  });
}

}  // namespace kramers::grids::detail
