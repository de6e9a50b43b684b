// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>
#include <kramers/topology/json.hpp>
#include <kramers/topology/process.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <string>

#include "scratch.hpp"

namespace {

using namespace kramers::topology;
using kramers::Error;
using kramers::UsageError;
using kramers::test::has;
using kramers::test::message;
using Variables = std::map<std::string, std::string>;

/// Environment variables for the time of a test, and no other launcher's.
class Environ {
 public:
  explicit Environ(Variables const& variables) {
    for (char const* other :
         {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "MV2_COMM_WORLD_LOCAL_RANK", "PALS_LOCAL_RANKID",
          "PMI_LOCAL_RANK", "FLUX_TASK_LOCAL_ID", "JSM_NAMESPACE_LOCAL_RANK", "SLURM_LOCALID"}) {
      keep(other);
      unsetenv(other);
    }
    for (auto const& [name, value] : variables) {
      keep(name);
      setenv(name.c_str(), value.c_str(), 1);
    }
  }
  ~Environ() {
    for (auto const& [name, value] : m_before) {
      if (value.second)
        setenv(name.c_str(), value.first.c_str(), 1);
      else
        unsetenv(name.c_str());
    }
  }
  Environ(Environ const&) = delete;
  Environ& operator=(Environ const&) = delete;

 private:
  void keep(std::string const& name) {
    char const* const value = getenv(name.c_str());
    m_before.try_emplace(name, value == nullptr ? "" : value, value != nullptr);
  }
  std::map<std::string, std::pair<std::string, bool>> m_before;
};

std::string told(Variables const& variables) {
  Environ const set(variables);
  auto const rank = local_rank();
  if (!rank) return "none";
  return std::to_string(rank->rank) + " of " + std::to_string(rank->size) + " in " + rank->job;
}

TEST(LocalRank, IsWhatTheLauncherSays) {
  EXPECT_EQ(told({}), "none");
  Variables const mpirun{
      {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}, {"PMIX_NAMESPACE", "job@1"}};
  EXPECT_EQ(told(mpirun), "1 of 4 in job@1");
  EXPECT_EQ(told({{"MPI_LOCALRANKID", "2"}, {"MPI_LOCALNRANKS", "3"}, {"PMI_JOBID", "7"}}), "2 of 3 in 7");
  EXPECT_EQ(told({{"PALS_LOCAL_RANKID", "0"}, {"PALS_LOCAL_SIZE", "8"}, {"PALS_APID", "a"}}), "0 of 8 in a");
  EXPECT_EQ(told({{"FLUX_TASK_LOCAL_ID", "5"}, {"FLUX_JOB_ID", "f"}}), "5 of 0 in f");
  EXPECT_EQ(told({{"OMPI_COMM_WORLD_LOCAL_RANK", "x"}}), "none");
}

TEST(LocalRank, CountsTheTasksOfSlurmsStep) {
  Variables step{
      {"SLURM_LOCALID", "1"}, {"SLURM_JOB_ID", "9"}, {"SLURM_STEP_ID", "0"}, {"SLURM_STEP_TASKS_PER_NODE", "4(x2),3"}};
  for (auto const& [node, text] :
       {std::pair{"0", "1 of 4 in 9.0"}, std::pair{"1", "1 of 4 in 9.0"}, std::pair{"2", "1 of 3 in 9.0"}}) {
    step["SLURM_NODEID"] = node;
    EXPECT_EQ(told(step), text);
  }
  step["SLURM_STEP_TASKS_PER_NODE"] = "nonsense";
  EXPECT_EQ(told(step), "1 of 0 in 9.0");
  // mpirun in a Slurm job: its own numbers count. A batch script alone is no rank.
  step["OMPI_COMM_WORLD_LOCAL_RANK"] = "3";
  step["OMPI_COMM_WORLD_LOCAL_SIZE"] = "5";
  EXPECT_EQ(told(step).substr(0, 6), "3 of 5");
}

TEST(LocalRank, IsNoneInABatchScript) {
  unsetenv("SLURM_STEP_ID");
  EXPECT_EQ(told({{"SLURM_LOCALID", "0"}, {"SLURM_JOB_ID", "9"}}), "none");
}

TEST(ThisBinding, IsTheMaskOfTheThread) {
  Environ const set({{"OMPI_COMM_WORLD_LOCAL_RANK", "2"}, {"UCX_NET_DEVICES", "nic\xff:1"}});
  Binding const before = this_binding();
  EXPECT_EQ(before.rank, 2);
  EXPECT_FALSE(before.cpus.empty());
  EXPECT_EQ(before.environment.at("UCX_NET_DEVICES"), "nic?:1");  // plain text only, so that it fits into JSON
  EXPECT_FALSE(to_json(before).dump().empty());
  CpuSet const last = {before.cpus.members().back()};
  bind_this_thread(last);
  EXPECT_EQ(this_binding().cpus, last);
  bind_this_thread(before.cpus);
  EXPECT_EQ(this_binding().cpus, before.cpus);
}

TEST(ThisBinding, CannotBeOutsideTheMachine) {
  EXPECT_TRUE(has(message<Error>([] { bind_this_thread({CpuSet::largest}); }), "cannot be bound"));
}

TEST(BindingOf, ReadsAnotherProcess) {
  Environ const set({{"OMPI_COMM_WORLD_LOCAL_RANK", "6"}, {"FI_EFA_IFACE", "rdmap0"}});
  // A program of its own, since the kernel shows the environment that a program was started with.
  pid_t const child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    execlp("sleep", "sleep", "30", nullptr);
    _exit(1);
  }
  Binding seen;
  for (int i = 0; i < 10'000 && seen.rank != 6; ++i) {  // until exec has happened
    seen = binding_of(child);
    usleep(500);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(seen.rank, 6);
  EXPECT_EQ(seen.cpus, this_binding().cpus);
  EXPECT_EQ(seen.memory, MemoryMode::unknown);
  EXPECT_EQ(seen.environment.at("FI_EFA_IFACE"), "rdmap0");
  EXPECT_TRUE(has(message<UsageError>([&] { binding_of(child); }), "no process"));
}

}  // namespace
