// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/memory_problem.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

namespace {

using kramers::Device;
using kramers::memory_problem;

constexpr std::uint64_t host = std::uint64_t{64} << 30;
Device const device{"NVIDIA H100", 90, std::uint64_t{80} << 30};

std::string failed(std::string const& space) {
  return "Kokkos ERROR: " + space + " memory space failed to allocate 7.276 TiB (label=\"kramers::Ensemble::x\").";
}

TEST(MemoryProblem, NamesWhatIsNeededAndWhatThereIs) {
  std::string const of_host =
      "not enough memory: kramers::Ensemble::x needs 7.276 TiB beside what is in use on this machine, which has 64 GiB "
      "in all; ask for less, "
      "or run on more ranks of more machines";
  EXPECT_EQ(memory_problem(failed("Host"), host, std::nullopt), of_host);
  EXPECT_EQ(memory_problem(failed("CudaHostPinned"), host, device), of_host);
  EXPECT_EQ(memory_problem(failed("Cuda"), host, device),
            "not enough memory: kramers::Ensemble::x needs 7.276 TiB beside what is in use on the device (NVIDIA "
            "H100), which has 80 GiB in "
            "all; ask for less, or run on more ranks of more machines");
  EXPECT_EQ(memory_problem(failed("HIP"), host, std::nullopt),
            "not enough memory: kramers::Ensemble::x needs 7.276 TiB beside what is in use on the device; ask for "
            "less, or run on more ranks of "
            "more machines");
}

TEST(MemoryProblem, OtherMessagesAreNot) {
  EXPECT_EQ(memory_problem("", host, device), std::nullopt);
  EXPECT_EQ(memory_problem("Kokkos ERROR: something else", host, device), std::nullopt);
  EXPECT_EQ(memory_problem("x: " + failed("Host"), host, device), std::nullopt);
}

TEST(MemoryProblem, SizesAreWrittenAsKokkosDoes) {
  EXPECT_EQ(kramers::memory_text(0), "0 B");
  EXPECT_EQ(kramers::memory_text(1023), "1023 B");
  EXPECT_EQ(kramers::memory_text(1536), "1.5 KiB");
  EXPECT_EQ(kramers::memory_text(std::uint64_t{1} << 53), "8192 TiB");
  EXPECT_GT(kramers::host_memory(), std::uint64_t{1} << 20);
}

}  // namespace
