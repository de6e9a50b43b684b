// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::test {

/// Listens to kernels, allocations and fences for as long as it lives; one at a time.
class Listener {
 public:
  struct Kernel {
    std::string label;
    std::uint32_t device;
  };
  std::vector<Kernel> kernels;
  std::vector<std::string> allocations, fences;

  Listener() : m_before(Kokkos::Tools::Experimental::get_callbacks()) {
    namespace tools = Kokkos::Tools::Experimental;
    listening = this;
    tools::set_begin_parallel_for_callback(kernel);
    tools::set_begin_parallel_reduce_callback(kernel);
    tools::set_begin_parallel_scan_callback(kernel);
    tools::set_allocate_data_callback([](Kokkos_Profiling_SpaceHandle, char const* label, void const*, std::uint64_t) {
      listening->allocations.emplace_back(label);
    });
    tools::set_begin_fence_callback([](char const* label, std::uint32_t, std::uint64_t*) {
      // Kokkos waits before it calls a tool; nobody waits when nobody listens.
      if (!std::string_view(label).starts_with("Kokkos::Tools::")) listening->fences.emplace_back(label);
    });
  }
  ~Listener() {
    Kokkos::Tools::Experimental::set_callbacks(m_before);
    listening = nullptr;
  }
  Listener(Listener const&) = delete;
  Listener& operator=(Listener const&) = delete;

 private:
  static inline Listener* listening = nullptr;
  static void kernel(char const* label, std::uint32_t device, std::uint64_t*) {
    listening->kernels.push_back({label, device});
  }
  Kokkos::Tools::Experimental::EventSet m_before;
};

/// Kokkos names its own work (fills, copies, team scratch) after itself.
inline bool is_ours_or_kokkos(std::string_view label) {
  return label.starts_with("kramers::") || label.starts_with("Kokkos::");
}

}  // namespace kramers::test
