// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/jacobi/jacobi.hpp>

namespace kramers::grids {

std::unique_ptr<AnyJacobi> make_jacobi(std::string const& space, std::string const& precision,
                                       JacobiParams const& params, Communicator const& comm) {
  return for_space(space, [&]<class Space>(Space const& exec) {
    return for_precision(precision, [&]<class T>(T) -> std::unique_ptr<AnyJacobi> {
      SweepPlan const plan = plan_sweeps(params, precision, on_device<Space>, exec.concurrency(), comm.size());
      return std::make_unique<Jacobi<Space, T>>(exec, params, plan, comm);
    });
  });
}

}  // namespace kramers::grids
