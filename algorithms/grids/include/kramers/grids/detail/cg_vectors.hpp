// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/grids/cg_system.hpp>
#include <kramers/grids/detail/cg_kernels.hpp>
#include <kramers/grids/detail/cg_multigrid.hpp>
#include <kramers/grids/detail/cg_product_source.hpp>
#include <kramers/grids/row_gather.hpp>
#include <kramers/grids/sums.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kramers::grids::detail {

/// The one and only CgSystem: a matrix on a space. Memory is allocated in the constructor only.
template <execution_space Space, class Source>
class CgVectors final : public CgSystem {
 public:
  using Matrix = typename Source::Matrix;

  CgVectors(Space const& exec, CgProblem const& problem, std::vector<CgVector> const& vectors, Communicator const& comm,
            Source source, std::unique_ptr<DevicePreconditioner<Space>> multigrid)
      : m_exec(exec),
        m_problem(problem),
        m_comm(comm),
        m_source(std::move(source)),
        m_multigrid(std::move(multigrid)),
        m_blocks(m_source.blocks()),
        m_one(exec, comm, m_source.block()),
        m_three(exec, comm, m_source.block()),
        m_gather(comm, m_source.block(), 3) {
    for (CgVector const v : vectors) allocate(v, "kramers::CgVectors::vector");
    if (problem.preconditioner == CgPreconditioner::chebyshev)
      allocate(CgVector::count, "kramers::CgVectors::chebyshev");
  }

  void set(CgVector x, std::function<double(std::int64_t)> const& value) override {
    auto const host = Kokkos::create_mirror_view(view(x));
    copy_view(m_exec, host, view(x));
    m_exec.fence("kramers::CgVectors::set");
    for_rows([&](std::int64_t element, std::int64_t row) { host(element) = value(row); });
    copy_view(m_exec, view(x), host);
    m_exec.fence("kramers::CgVectors::set");
  }

  std::vector<double> get(CgVector x) override {
    auto const host = Kokkos::create_mirror_view(view(x));
    copy_view(m_exec, host, view(x));
    m_exec.fence("kramers::CgVectors::get");
    std::vector<double> values;
    for_rows([&](std::int64_t element, std::int64_t) { values.push_back(host(element)); });
    return values;
  }

  std::int64_t first_row() const override { return m_source.block().first * m_blocks.length; }
  std::int64_t rows() const override { return m_problem.rows(); }

  void copy(CgVector to, CgVector from) override { Kokkos::deep_copy(m_exec, view(to), view(from)); }

  double residual(CgVector r, CgVector b, CgVector x) override {
    for_blocks("kramers::cg_residual",
               ResidualKernel<Space, Matrix>{m_blocks, m_source.matrix(), at(r), m_one.partials(), at(b), whole(x)});
    return m_one.finish(m_exec)[0];
  }

  void precondition(CgVector z, CgVector r) override {
    switch (m_problem.preconditioner) {
      case CgPreconditioner::none:
        copy(z, r);
        break;
      case CgPreconditioner::jacobi:
        scale(z, r, 1);
        break;
      case CgPreconditioner::chebyshev:
        chebyshev(z, r);
        break;
      case CgPreconditioner::multigrid:
        m_multigrid->apply(m_exec, at(z), at(r));
        break;
    }
  }

  double dot(CgVector a, CgVector b) override { return dot(at(a), at(b)); }
  double sum(CgVector a) override { return dot(at(a), nullptr); }

  double direction(CgVector z, double beta) override {
    CombineKernel<Space> const combines{m_blocks, at(CgVector::p), at(z), beta};
    double* const s = Matrix::is_stored ? at(CgVector::s) : nullptr;
    auto const curvature = [&](double const* whole_p) {
      return CurvatureKernel<Space, Matrix>{m_blocks, m_source.matrix(), at(CgVector::p), whole_p, s, m_one.partials()};
    };
    if constexpr (!on_device<Space> && !Matrix::is_stored) {
      // One thread has the rows on both sides of one in its nearest cache: a single pass.
      if (m_comm.size() == 1 && m_blocks.count * m_blocks.length <= elements_of_one_thread) {
        auto const of_row = curvature(at(CgVector::p));
        combines(0);
        for (std::int64_t j = 0; j < m_blocks.count; ++j) {
          if (j + 1 < m_blocks.count) combines(j + 1);
          if (j > 0) of_row(j - 1);
        }
        of_row(m_blocks.count - 1);
        return m_one.finish(m_exec)[0];
      }
    }
    for_blocks("kramers::cg_combine", combines);
    for_blocks("kramers::cg_curvature", curvature(whole(CgVector::p)));
    return m_one.finish(m_exec)[0];
  }

  double step(double alpha) override {
    double const* const s = Matrix::is_stored ? at(CgVector::s) : nullptr;
    for_blocks("kramers::cg_step",
               StepKernel<Space, Matrix>{m_blocks, m_source.matrix(), at(CgVector::x), at(CgVector::r), at(CgVector::p),
                                         s, alpha, m_one.partials()});
    return m_one.finish(m_exec)[0];
  }

  void multiply(CgVector w, CgVector u) override {
    for_blocks("kramers::cg_multiply", MultiplyKernel<Space, Matrix>{m_blocks, m_source.matrix(), at(w), whole(u)});
  }

  CgSums product(CgVector w, CgVector u) override {
    for_blocks("kramers::cg_product",
               ProductKernel<Space, Matrix>{m_blocks, m_source.matrix(), at(w), m_three.partials(), at(u), whole(u),
                                            at(CgVector::r)});
    auto const sums = m_three.finish(m_exec);
    return {sums[0], sums[1], sums[2]};
  }

  void merged_step(CgVector u, double alpha, double beta) override {
    for_blocks("kramers::cg_merged_step",
               MergedStepKernel<Space>{m_blocks, at(CgVector::p), at(CgVector::s), at(CgVector::x), at(CgVector::r),
                                       at(u), at(CgVector::w), alpha, beta});
  }

  void pipelined_step(double alpha, double beta) override {
    if (m_problem.preconditioner == CgPreconditioner::none) {
      pipelined_step<true>(alpha, beta, CgVector::r, CgVector::w, CgVector::s);
    } else {
      pipelined_step<false>(alpha, beta, CgVector::u, CgVector::m, CgVector::q);
    }
    auto const mine = m_gather.mine();
    Kokkos::View<double*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>> const host(mine.data(),
                                                                                                 mine.size());
    Kokkos::View<double const*, typename Space::memory_space, Kokkos::MemoryTraits<Kokkos::Unmanaged>> const device(
        m_three.partials(), mine.size());
    Kokkos::deep_copy(m_exec, host, device);
    m_exec.fence("kramers::CgVectors: sums of rows");
    m_gather.begin();
  }

  CgSums finish_sums() override {
    std::array<double, 3> sums{};
    fixed_tree_sums(m_gather.finish(), sums);
    return {sums[0], sums[1], sums[2]};
  }

  std::int64_t bytes() const override {
    std::int64_t all = m_source.bytes() + (m_multigrid ? m_multigrid->bytes() : 0);
    for (View const& one : m_vectors) all += static_cast<std::int64_t>(one.span() * sizeof(double));
    return all;
  }

 private:
  using View = Kokkos::View<double*, typename Space::memory_space>;

  void allocate(CgVector v, std::string const& label) {
    auto const size = static_cast<std::size_t>(2 * m_source.margin() + m_blocks.count * m_blocks.stride);
    m_vectors[static_cast<std::size_t>(v)] = View(Kokkos::view_alloc(m_exec, label), size);
  }
  View const& view(CgVector v) const { return m_vectors[static_cast<std::size_t>(v)]; }
  double* at(CgVector v) const { return view(v).data() + m_source.margin(); }
  /// The vector as the matrix takes it, with what other ranks have of it. Collective.
  double const* whole(CgVector v) { return m_source.whole(m_exec, at(v)); }

  /// visit(place in the view, row) for the rows of this rank.
  template <class Visit>
  void for_rows(Visit const& visit) const {
    std::int64_t row = first_row();
    for (std::int64_t j = 0; j < m_blocks.count; ++j) {
      for (std::int64_t i = 0; i < m_blocks.length && row < rows(); ++i, ++row) {
        visit(m_source.margin() + j * m_blocks.stride + i, row);
      }
    }
  }

  template <class Kernel>
  void for_blocks(char const* label, Kernel const& kernel) {
    for_rows_of(label, m_exec, m_blocks.count, m_blocks.length, 3, kernel);
  }

  double dot(double const* a, double const* b) {
    for_blocks("kramers::cg_dot", DotKernel<Space>{m_blocks, a, b, m_one.partials()});
    return m_one.finish(m_exec)[0];
  }
  void combine(CgVector p, CgVector z, double beta) {
    for_blocks("kramers::cg_combine", CombineKernel<Space>{m_blocks, at(p), at(z), beta});
  }
  void scale(CgVector z, CgVector r, double factor) {
    for_blocks("kramers::cg_scale", ScaleKernel<Space, Matrix>{m_blocks, m_source.matrix(), at(z), at(r), factor});
  }

  template <bool identity>
  void pipelined_step(double alpha, double beta, CgVector u, CgVector m, CgVector q) {
    for_blocks("kramers::cg_pipelined_step",
               PipelinedStepKernel<Space, identity>{m_blocks, at(CgVector::z), at(q), at(CgVector::s), at(CgVector::p),
                                                    at(CgVector::x), at(CgVector::r), at(u), at(CgVector::w),
                                                    at(CgVector::n), at(m), alpha, beta, m_three.partials()});
  }

  /// z = q(A / D) r / D with the polynomial that is smallest on the upper part of the spectrum of A / D, which by
  /// Gershgorin ends at `highest`. Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., algorithm 12.1.
  void chebyshev(CgVector z, CgVector r) {
    constexpr double upper_part = 30;
    double const highest = m_source.highest_eigenvalue(), lowest = highest / upper_part;
    double const centre = 0.5 * (highest + lowest), reach = 0.5 * (highest - lowest), ratio = centre / reach;
    scale(CgVector::count, r, 1 / centre);
    copy(z, CgVector::count);
    double rho = 1 / ratio;
    for (int k = 1; k < m_problem.chebyshev_degree; ++k) {
      double const next = 1 / (2 * ratio - rho);
      for_blocks("kramers::cg_chebyshev",
                 ChebyshevKernel<Space, Matrix>{m_blocks, m_source.matrix(), at(CgVector::count), at(r), whole(z),
                                                next * rho, 2 * next / reach});
      combine(z, CgVector::count, 1);
      rho = next;
    }
  }

  Space m_exec;
  CgProblem m_problem;
  Communicator m_comm;
  Source m_source;
  std::unique_ptr<DevicePreconditioner<Space>> m_multigrid;
  Blocks m_blocks;
  FixedSums<Space, 1> m_one;
  FixedSums<Space, 3> m_three;
  RowGather m_gather;
  // The last one is the direction of the Chebyshev iteration.
  std::array<View, static_cast<std::size_t>(CgVector::count) + 1> m_vectors;
};

}  // namespace kramers::grids::detail
