// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "input_guide.hpp"

#include <kramers/dynamics/studies/rare_study.hpp>
#include <kramers/dynamics/studies/study_keys.hpp>

#include <algorithm>
#include <iterator>
#include <string>

#include "run_rare.hpp"

namespace kramers::rare {

using namespace kramers::dynamics;

namespace {

void read(AppRun const& run) {
  read_rare(run.config, run.options, builtin_potentials());
  AppFiles files(run);
  add_outputs(files, run);
}

}  // namespace

InputGuide input_guide() {
  InputGuide guide{shared_and_surface_keys(), {}, read};
  std::ranges::copy(rare_keys(), std::back_inserter(guide.keys));
  // Of washboards, in which no paths are followed, and of the start of an ensemble.
  std::erase_if(guide.keys,
                [](KeyNote const& note) { return note.key == "potential.period" || note.key.starts_with("initial."); });
  std::string const bath = "[integrator]\ndt = 0.02\nfriction = 1.0\ntemperature = 0.05\n[ensemble]\nseed = 1\n";
  std::string const well = "[potential]\nkind = \"double_well\"\nbarrier = 1.0\n" + bath;
  std::string const deep = "[rare.state_a]\nenergy_below = 0.05\n[rare.state_b]\nenergy_below = 0.3\n";
  std::string const sides = "[rare.state_a]\nbelow = -1.0\n[rare.state_b]\nabove = 1.0\n";
  std::string const table =
      "[potential]\nkind = \"tabulated\"\nfile = \"profile.dat\"\noutside = \"wall\"\nwall_stiffness = 10.0\n";
  std::string const surface =
      "[potential]\nkind = \"mueller_brown\"\n[integrator]\nscheme = \"leimkuhler-matthews\"\ndt = 1e-5\n"
      "friction = 1.0\ntemperature = 15.0\n[ensemble]\nseed = 1\n"
      "[rare.state_a]\ncentre = [-0.558, 1.442]\nradius = 0.1\n"
      "[rare.state_b]\ncentre = [0.623, 0.028]\nradius = 0.1\n";
  std::string const grid =
      "[potential]\nkind = \"tabulated_2d\"\nfile = \"surface.dat\"\noutside_x = \"wall\"\nwall_stiffness_x = 10.0\n"
      "outside_y = \"wall\"\nwall_stiffness_y = 10.0\n";
  std::string const across =
      "[rare.state_a]\nenergy_below = 0.1\nleft_of = 0.0\n[rare.state_b]\nenergy_below = 0.3\nright_of = 0.0\n"
      "[rare.level]\nkind = \"energy\"\ntop = [0.0, 0.0]\n";
  std::string const formula = "[potential]\nkind = \"expression_2d\"\nenergy = \"(x^2 - 1)^2 + y^2\"\n" + bath;
  guide.examples = {
      {"splitting", "Replicas climb a barrier in stages, with energy as level.", well + deep},
      {"shooting", "Paths from the top of the barrier.", well + "[rare]\nmethod = \"shooting\"\n" + sides},
      {"exact", "The rate from the Kramers equation alone.", well + "[rare]\nmethod = \"exact\"\n" + sides},
      {"tabulated",
       "Splitting in a potential that a table gives.",
       table + bath + deep,
       {{"profile.dat", "-2 4\n-1 0\n-0.5 0.6\n0 1\n0.5 0.6\n1 0\n2 4\n"}}},
      {"weighted_ensemble", "The flux of weighted walkers, kept in each bin of the level.",
       well + "[rare]\nmethod = \"weighted_ensemble\"\n" + deep},
      {"mueller_brown", "Splitting between two minima of a surface, with the share of the way as level.", surface},
      {"expression_2d", "Splitting over the saddle of a surface that a formula gives, with energy as level.",
       formula + across},
      {"tabulated_2d",
       "The same over the saddle of a surface that a table gives.",
       grid + bath + across,
       {{"surface.dat",
         "-2 -1 5\n-2 0 4\n-2 1 5\n-1 -1 1\n-1 0 0\n-1 1 1\n0 -1 2\n0 0 1\n0 1 2\n1 -1 1\n1 0 0\n1 1 1\n"
         "2 -1 5\n2 0 4\n2 1 5\n"}}},
      // What no template has.
      {"", "", formula + sides + "[rare]\ndirection = [1.0, 0.0]\n"},
      {"", "",
       "[potential]\nkind = \"harmonic\"\nstiffness = 1.0\n" + bath +
           "[rare.state_a]\nbelow = 0.0\n[rare.state_b]\nabove = 1.0\n[rare.level]\nfixed = [0.1, 0.5]\n"},
      {"", "",
       well + "[rare.state_a]\nenergy_below = 0.05\nright_of = 0.0\n"
              "[rare.state_b]\nenergy_below = 0.3\nleft_of = 0.0\n"},
  };
  return guide;
}

}  // namespace kramers::rare
