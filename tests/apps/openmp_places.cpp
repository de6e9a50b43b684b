// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints the hardware threads that each OpenMP thread may run on, a line "thread: list" each, as the kernel has them.
#include <omp.h>
#include <sched.h>

#include <cstdio>

int main() {
#pragma omp parallel
#pragma omp critical
  {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    sched_getaffinity(0, sizeof(mask), &mask);
    std::printf("%d:", omp_get_thread_num());
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &mask)) std::printf(" %d", cpu);
    }
    std::printf("\n");
  }
}
