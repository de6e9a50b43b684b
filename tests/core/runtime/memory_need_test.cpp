// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/memory_need.hpp>
#include <kramers/runtime/memory_problem.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace {

namespace fs = std::filesystem;
using kramers::available_memory;
using kramers::Communicator;
using kramers::MachineError;
using kramers::MemoryNeed;
using kramers::require_memory;
using kramers::test::has;
using kramers::test::message;

/// A system with 100 MiB free and 10 MiB of swap.
class System {
 public:
  System() { write("proc/meminfo", "MemTotal:  999999 kB\nMemAvailable:   102400 kB\nSwapFree: 10240 kB\n"); }

  void write(std::string const& name, std::string const& text) const {
    fs::create_directories((m_folder / name).parent_path());
    kramers::test::put(m_folder / name, text);
  }
  std::uint64_t mib() const { return available_memory(m_folder.folder()).bytes >> 20U; }

 private:
  kramers::test::Scratch m_folder;
};

TEST(AvailableMemory, IsWhatTheSystemHasLeft) {
  EXPECT_EQ(System().mib(), 110u);
  EXPECT_EQ(available_memory("/no/such/folder").bytes, kramers::host_memory());  // where nobody says
  EXPECT_GT(available_memory().bytes, std::uint64_t{1} << 20U);
}

TEST(AvailableMemory, IsWhatTheLeastCgroupOfVersion2Leaves) {
  System const system;
  system.write("proc/self/cgroup", "0::/slurm/job/step\n");
  std::string const root = "sys/fs/cgroup/";
  system.write(root + "slurm/job/step/memory.max", "max\n");
  EXPECT_EQ(system.mib(), 110u);
  system.write(root + "slurm/memory.max", "104857600\n");
  EXPECT_EQ(system.mib(), 100u);
  system.write(root + "slurm/job/memory.max", "83886080\n");
  system.write(root + "slurm/job/memory.current", "62914560\n");
  EXPECT_EQ(system.mib(), 20u);
  // The page cache gives way.
  system.write(root + "slurm/job/memory.stat", "anon 20971520\nfile 41943040\n");
  EXPECT_EQ(system.mib(), 60u);
  system.write(root + "memory.max", "10485760\n");  // of a container, whose own path is that of its host
  EXPECT_EQ(system.mib(), 10u);
}

TEST(AvailableMemory, IsWhatTheLeastCgroupOfVersion1Leaves) {
  System const system;
  system.write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/job\n0::/\n");
  std::string const root = "sys/fs/cgroup/memory/";
  system.write(root + "memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(system.mib(), 110u);
  system.write(root + "job/memory.limit_in_bytes", "73400320\n");
  system.write(root + "job/memory.usage_in_bytes", "31457280\n");
  system.write(root + "job/memory.stat", "cache 1\ntotal_cache 10485760\n");
  EXPECT_EQ(system.mib(), 50u);
}

TEST(RequireMemory, AllRanksRefuseWhatOneDoesNotHave) {
  auto const comm = Communicator::world();
  std::string const space = kramers::space_names().front();
  bool const last = comm.rank() == comm.size() - 1;
  MemoryNeed const little{"the rest", "nothing", 1024, 1024};
  EXPECT_NO_THROW(require_memory(comm, {little}, space));
  std::vector<MemoryNeed> const much{little, {"walls", "their height", last ? 1e18 : 0.0}};
  auto const said = message<kramers::Error>([&] { require_memory(comm, much, space); });
  EXPECT_TRUE(has(said, "not enough memory: this run needs about ")) << said;
  EXPECT_TRUE(has(said, "; lower ")) << said;
  if (last) {
    EXPECT_THROW(require_memory(comm, much, space), MachineError);
    EXPECT_TRUE(has(said, " a rank for walls, but ")) << said;
  } else {
    EXPECT_ANY_THROW(require_memory(comm, much, space));
  }
  EXPECT_TRUE(has(message<kramers::Error>([&] { require_memory(comm, {{"walls", "them", 1e300}}, space); }),
                  "more than any machine has"));
}

TEST(RequireMemory, RanksOfAMachineShareWhatItHas) {
  auto const comm = Communicator::world();
  // Each finds room for itself, two do not.
  double const most = static_cast<double>(available_memory().bytes);
  std::vector<MemoryNeed> const needs{{"walls", "their height", 0.6 * most}};
  auto const said = message<kramers::Error>([&] { require_memory(comm, needs, kramers::space_names().front()); });
  EXPECT_EQ(has(said, "not enough memory: this run needs about "), comm.local().size() > 1) << said;
}

}  // namespace
