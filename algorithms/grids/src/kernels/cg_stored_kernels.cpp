// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stored matrices multiplied by Kokkos Kernels, where a build has it: no other source of grids includes its headers.
#include <kramers/base/error.hpp>
#include <kramers/grids/detail/cg_factories.hpp>

// An installation may have the part for dense matrices alone.
#if defined(KRAMERS_HAVE_KERNELS) && __has_include(<KokkosSparse_spmv.hpp>)
#define KRAMERS_HAVE_SPMV
#endif

#ifdef KRAMERS_HAVE_SPMV
#include <kramers/core/spaces.hpp>
#include <kramers/grids/detail/cg_vectors.hpp>

#include <KokkosSparse_CrsMatrix.hpp>
#include <KokkosSparse_spmv.hpp>

#include <limits>
#endif

namespace kramers::grids {

#ifdef KRAMERS_HAVE_SPMV

bool has_kernels_product() {
  return true;
}

namespace detail {

/// A matrix that was multiplied before: what kernels are given in the place of a vector is the product.
struct Multiplied {
  static constexpr bool is_stored = true;
  double const* inverse;  ///< of the diagonal; zero beyond the last row

  KOKKOS_FORCEINLINE_FUNCTION double product(double const* const product_of_all, std::int64_t const i) const {
    return product_of_all[i];
  }
  KOKKOS_FORCEINLINE_FUNCTION double inverse_diagonal(std::int64_t const i) const { return inverse[i]; }
};

/// Offsets of rows in the type that Kokkos Kernels is compiled for.
template <class Offset>
struct ConvertOffsets {
  std::int64_t const* from;
  Offset* to;
  KOKKOS_FUNCTION void operator()(std::int64_t const i) const { to[i] = static_cast<Offset>(from[i]); }
};

/// The same rows as those of StoredSource, multiplied by KokkosSparse::spmv.
template <class Space>
class KernelsSource {
 public:
  using Matrix = Multiplied;

  KernelsSource(Space const& exec, Communicator const& comm, CsrMatrix const& matrix, std::int64_t block_rows)
      : m_stored(exec, comm, matrix, block_rows), m_columns(static_cast<std::size_t>(matrix.columns)) {
    StoredRows const rows = m_stored.matrix();
    auto const count = static_cast<std::size_t>(m_stored.block().cells());
    expects(matrix.entries() <= std::int64_t{std::numeric_limits<std::int32_t>::max()} || sizeof(Offset) == 8,
            "entries of the matrix", matrix.entries(), "below 2^31 with this build of Kokkos Kernels");
    m_offsets = Kokkos::View<Offset*, Layout, Device>(
        Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, "kramers::KernelsSource::offsets"), count + 1);
    Kokkos::parallel_for(
        "kramers::KernelsSource::offsets",
        Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(exec, 0, static_cast<std::int64_t>(count) + 1),
        ConvertOffsets<Offset>{rows.row_start, m_offsets.data()});
    m_product = Out(Kokkos::view_alloc(exec, "kramers::KernelsSource::product"), count);
    // Constructors of Kokkos Kernels may read offsets on the host.
    exec.fence("kramers::KernelsSource");
    auto const entries = static_cast<std::size_t>(m_stored.entries());
    // The type has no const, but nothing is written.
    m_matrix =
        Rows("kramers::KernelsSource::matrix", static_cast<std::int32_t>(count), static_cast<std::int32_t>(m_columns),
             static_cast<Offset>(entries), typename Rows::values_type(const_cast<double*>(rows.value), entries),
             typename Rows::row_map_type(m_offsets.data(), count + 1),
             typename Rows::index_type(const_cast<std::int32_t*>(rows.column), entries));
  }

  Block const& block() const { return m_stored.block(); }
  Blocks blocks() const { return m_stored.blocks(); }
  Matrix matrix() const { return {m_stored.matrix().inverse}; }
  std::int64_t margin() const { return m_stored.margin(); }
  std::int64_t bytes() const {
    return m_stored.bytes() +
           static_cast<std::int64_t>(sizeof(Offset) * m_offsets.span() + sizeof(double) * m_product.span());
  }
  double highest_eigenvalue() const { return m_stored.highest_eigenvalue(); }

  /// The product with v, as Matrix takes it. Collective.
  double const* whole(Space const& exec, double* v) const {
    In const all(m_stored.whole(exec, v), m_columns);
    KokkosSparse::spmv(exec, m_handle.get(), "N", 1.0, m_matrix, all, 0.0, m_product);
    return m_product.data();
  }

 private:
  using Offset = KokkosKernels::default_size_type;
  using Layout = KokkosKernels::default_layout;
  using Device = Kokkos::Device<Space, typename Space::memory_space>;
  using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
  using Rows = KokkosSparse::CrsMatrix<double, std::int32_t, Device, Unmanaged, Offset>;
  using In = Kokkos::View<double const*, Layout, Device, Unmanaged>;
  using Out = Kokkos::View<double*, Layout, Device>;
  using Handle = KokkosSparse::SPMVHandle<Space, Rows, In, Out>;

  StoredSource<Space> m_stored;
  std::size_t m_columns;
  Kokkos::View<Offset*, Layout, Device> m_offsets;
  Out m_product;
  Rows m_matrix;
  std::unique_ptr<Handle> m_handle = std::make_unique<Handle>();
};

std::unique_ptr<CgSystem> make_stored_kernels_system(std::string const& space, CgProblem const& problem,
                                                     std::vector<CgVector> const& vectors, Communicator const& comm) {
  return for_space(space, [&]<class Space>(Space const& exec) -> std::unique_ptr<CgSystem> {
    using Source = KernelsSource<Space>;
    return std::make_unique<CgVectors<Space, Source>>(exec, problem, vectors, comm,
                                                      Source(exec, comm, *problem.stored, stored_block), nullptr);
  });
}

}  // namespace detail

#else

bool has_kernels_product() {
  return false;
}

namespace detail {

std::unique_ptr<CgSystem> make_stored_kernels_system(std::string const&, CgProblem const&, std::vector<CgVector> const&,
                                                     Communicator const&) {
  throw Error("this build has no sparse matrices of Kokkos Kernels");
}

}  // namespace detail

#endif

}  // namespace kramers::grids
