// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// In an MPI program of your own: where does each rank of this node run, and is that where it should be?
//   mpirun -n 2 --bind-to core ./placement
#include <kramers/runtime/communicator.hpp>
#include <kramers/topology/check.hpp>
#include <kramers/topology/json.hpp>
#include <kramers/topology/machine.hpp>
#include <kramers/topology/process.hpp>
#include <kramers/topology/render.hpp>

#include <nlohmann/json.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace topo = kramers::topology;

int main(int argc, char** argv) {
  kramers::MpiSession const mpi(argc, argv);
  auto const node = kramers::Communicator::world().local();  // the ranks that share this machine

  // Each rank says how it is bound; the first of the node judges them all.
  topo::Binding mine = topo::this_binding();
  mine.rank = node.rank();
  auto const texts = node.gather_texts(topo::to_json(mine).dump());
  if (!node.is_root()) return 0;

  std::string list;
  for (std::string const& text : texts) list += (list.empty() ? "" : ",") + text;
  auto const bindings = topo::bindings_from_json("{\"bindings\":[" + list + "]}", "the ranks of this node");
  auto const machine = topo::Machine::load(topo::Source::this_system());
  std::fputs(topo::report_text(machine, topo::check(machine, bindings)).c_str(), stdout);
  return 0;
}
