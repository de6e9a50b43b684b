// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/environment.hpp>
#include <kramers/topology/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "nodes.hpp"
#include "scratch.hpp"

namespace {

using namespace kramers::topology;
using kramers::UsageError;
using kramers::test::has;
using kramers::test::message;
using kramers::test::model;

Environment settings(Machine const& machine, int ranks, Target target, int smt = 1) {
  PlanRequest request;
  request.ranks = ranks;
  request.smt = smt;
  return environment(machine, plan(machine, request), target);
}

/// Values of a variable, rank by rank ("*" for all ranks), joined by blanks.
std::string values(Environment const& environment, std::string const& variable) {
  std::string text;
  for (Variable const& one : environment.variables) {
    if (one.name == variable) text += (text.empty() ? "" : " ") + std::string(one.rank ? "" : "*") + one.value;
  }
  return text;
}

TEST(Environment, NamesTheTargets) {
  for (Target const target : targets()) EXPECT_EQ(target_from(name(target)), target);
  EXPECT_EQ(targets().size(), 11U);
  EXPECT_FALSE(target_from("intel"));
}

TEST(Environment, ChoosesNicsByName) {
  Machine const machine = model("perlmutter-gpu");
  EXPECT_EQ(values(settings(machine, 4, Target::ucx), "UCX_NET_DEVICES"), "hsn0 hsn1 hsn2 hsn3");
  EXPECT_EQ(values(settings(machine, 4, Target::libfabric), "FI_CXI_DEVICE_NAME"), "cxi0 cxi1 cxi2 cxi3");
  Machine const infiniband = model("ports-down");
  EXPECT_EQ(values(settings(infiniband, 2, Target::ucx), "UCX_NET_DEVICES"), "mlx5_3:1 mlx5_3:1");
  EXPECT_EQ(values(settings(infiniband, 2, Target::libfabric), "FI_VERBS_DEVICE_NAME"), "mlx5_3 mlx5_3");
  EXPECT_EQ(values(settings(infiniband, 4, Target::nccl), "NCCL_IB_HCA"), "*=mlx5_3:1");
  EXPECT_EQ(values(settings(infiniband, 4, Target::nccl), "NCCL_NET_GDR_LEVEL"), "*PHB");
}

// On this node the order of bus ids is that of the names reversed: numbers come from the names.
TEST(Environment, CountsNicsByTheirNames) {
  Machine const machine = model("perlmutter-gpu");
  std::string order;
  for (std::size_t const nic : numbered_nics(machine)) order += machine.devices()[nic].name + " ";
  EXPECT_EQ(order, "hsn0 hsn1 hsn2 hsn3 ");
  Environment const cray = settings(machine, 8, Target::cray);
  EXPECT_EQ(values(cray, "MPICH_OFI_NIC_POLICY"), "*USER");
  EXPECT_EQ(values(cray, "MPICH_OFI_NIC_MAPPING"), "*0:0-1;1:2-3;2:4-5;3:6-7");
  EXPECT_EQ(values(cray, "MPICH_OFI_NUM_NICS"), "*4");
  ASSERT_FALSE(cray.notes.empty());
  EXPECT_TRUE(has(cray.notes[0], "not verified"));
  EXPECT_TRUE(has(cray.notes[0], "1 = hsn1 (0000:83:00.0)"));
  EXPECT_EQ(values(settings(machine, 4, Target::mpich), "MPIR_CVAR_CH4_OFI_PREF_NIC"), "0 1 2 3");
}

TEST(Environment, ChoosesGpusInTheOrderOfBusIds) {
  Machine const machine = model("perlmutter-gpu");
  Environment const cuda = settings(machine, 4, Target::cuda);
  EXPECT_EQ(values(cuda, "CUDA_VISIBLE_DEVICES"), "3 2 1 0");
  EXPECT_EQ(values(cuda, "CUDA_DEVICE_ORDER"), "*PCI_BUS_ID");
  EXPECT_EQ(values(settings(model("mi300a-partitions"), 4, Target::rocm), "ROCR_VISIBLE_DEVICES"), "0 6 12 18");
  EXPECT_TRUE(has(message<UsageError>([&] { settings(machine, 4, Target::rocm); }), "no GPU of AMD"));
  EXPECT_TRUE(has(message<UsageError>([&] { settings(machine, 4, Target::level_zero); }), "no GPU of Intel"));
}

TEST(Environment, NamesPartitionsByUuid) {
  LoadOptions options;
  options.partitions = {{"0000:03:00.0", "MIG-a"}, {"0000:03:00.0", "MIG-b"}};
  Machine const machine = model("perlmutter-gpu", options);
  EXPECT_TRUE(has(values(settings(machine, 5, Target::cuda), "CUDA_VISIBLE_DEVICES"), "MIG-a"));
}

TEST(Environment, PlacesThreads) {
  Machine const machine = model("perlmutter-gpu");
  Environment const one = settings(machine, 4, Target::openmp);
  EXPECT_EQ(values(one, "OMP_PLACES"), "{0}:16 {16}:16 {32}:16 {48}:16");
  EXPECT_EQ(values(one, "OMP_NUM_THREADS"), "16 16 16 16");
  EXPECT_EQ(values(one, "OMP_PROC_BIND"), "*close");
  EXPECT_EQ(values(settings(machine, 4, Target::openmp, 2), "OMP_PLACES"),
            "{0}:16,{64}:16 {16}:16,{80}:16 {32}:16,{96}:16 {48}:16,{112}:16");
  EXPECT_EQ(values(settings(model("laptop"), 2, Target::openmp), "OMP_NUM_THREADS"), "4 4");
}

TEST(Environment, BindsBySlurm) {
  Environment const slurm = settings(model("perlmutter-gpu"), 4, Target::slurm);
  EXPECT_EQ(values(slurm, "SLURM_CPU_BIND"), "*mask_cpu:0xffff,0xffff0000,0xffff00000000,0xffff000000000000");
  EXPECT_EQ(values(slurm, "SLURM_MEM_BIND"), "*map_mem:0,1,2,3");
  EXPECT_EQ(values(slurm, "SLURM_GPU_BIND"), "*none");
  EXPECT_EQ(slurm.launcher.front(), "srun");
  EXPECT_EQ(values(settings(model("two-socket"), 2, Target::slurm), "SLURM_GPU_BIND"), "");  // no GPU, no option
  // Ranks with ordinary and high-bandwidth memory have two nodes each.
  EXPECT_TRUE(has(values(settings(model("high-bandwidth"), 4, Target::slurm), "SLURM_MEM_BIND"), "mask_mem:0x"));
}

TEST(Environment, WritesARankfile) {
  Environment const ompi = settings(model("two-socket"), 2, Target::ompi);
  EXPECT_EQ(ompi.file, "rank 0=+n0 slot=0-7\nrank 1=+n0 slot=8-15\n");
  EXPECT_TRUE(std::ranges::find(ompi.launcher, "rankfile:file=FILE") != ompi.launcher.end());
  EXPECT_EQ(ompi.launcher.back(), "core");
  // Ranks that share cores are told apart by hardware thread, by logical index.
  PlanRequest request;
  request.ranks = 2;
  request.map = {{0, CpuSet::from_list("0"), "", ""}, {1, CpuSet::from_list("64"), "", ""}};
  Machine const machine = model("perlmutter-gpu");
  Environment const threads = environment(machine, plan(machine, request), Target::ompi);
  EXPECT_EQ(threads.file, "rank 0=+n0 slot=0\nrank 1=+n0 slot=1\n");
  EXPECT_EQ(threads.launcher.back(), "hwthread");
}

TEST(Environment, NeedsANic) {
  for (Target const target : {Target::ucx, Target::cray, Target::libfabric, Target::nccl, Target::mpich}) {
    EXPECT_TRUE(has(message<UsageError>([&] { settings(model("two-socket"), 2, target); }), "no fabric NIC"))
        << name(target);
  }
}

TEST(Environment, WritesShellLines) {
  Environment const cuda = settings(model("perlmutter-gpu"), 4, Target::cuda);
  std::string const one = shell_lines(cuda, 2);
  EXPECT_TRUE(has(one, "\nexport CUDA_DEVICE_ORDER=PCI_BUS_ID  #"));
  EXPECT_TRUE(has(one, "\nexport CUDA_VISIBLE_DEVICES=1  # cuda1 (0000:41:00.0)\n"));
  std::string const all = shell_lines(cuda);
  EXPECT_TRUE(has(all, "${OMPI_COMM_WORLD_LOCAL_RANK:-"));
  EXPECT_TRUE(has(all, "\n3) export CUDA_VISIBLE_DEVICES=0 ;;"));
  EXPECT_TRUE(has(shell_lines(settings(model("perlmutter-gpu"), 4, Target::openmp), 0), "OMP_PLACES='{0}:16'"));
  EXPECT_TRUE(has(message<UsageError>([&] { shell_lines(cuda, 4); }), "0 to 3"));
}

TEST(Environment, GivesEveryRankOfEveryNodeOneValue) {
  for (auto const& file : kramers::test::node_files()) {
    Machine const machine = Machine::load(Source::file(file));
    for (Target const target : targets()) {
      try {
        Environment const all = settings(machine, 3, target);
        for (int rank = 0; rank < 3; ++rank) {
          std::map<std::string, int> times;
          for (Variable const& variable : all.of_rank(rank)) {
            ++times[variable.name];
            EXPECT_FALSE(variable.value.empty()) << file << variable.name;
            EXPECT_FALSE(variable.why.empty()) << file << variable.name;
          }
          for (auto const& [variable, number] : times) EXPECT_EQ(number, 1) << file << variable;
        }
        EXPECT_FALSE(shell_lines(all).empty());
      } catch (NothingToSet const& error) {
        EXPECT_TRUE(has(error.what(), "nothing to set for " + std::string(name(target)))) << error.what();
      }
    }
  }
}

}  // namespace
