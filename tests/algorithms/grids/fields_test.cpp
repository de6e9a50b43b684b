// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Blocks, halos, sums and hashes against plain loops over the whole grid, which every rank does by itself.
#include <kramers/core/spaces.hpp>
#include <kramers/grids/field_hash.hpp>
#include <kramers/grids/halo.hpp>
#include <kramers/grids/sums.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

namespace kramers::test::grids_fields {

using namespace kramers::grids;
using Space = Kokkos::DefaultExecutionSpace;

/// A number for each cell that no other cell has.
template <class T>
KOKKOS_FUNCTION T value_of(std::int64_t row, std::int64_t column) {
  return static_cast<T>(1.0 / static_cast<double>(3 + 7 * row + 1009 * column));
}

template <class T>
struct Fill {
  Rows<T> cells;
  std::int64_t columns, first;
  T scale;
  KOKKOS_FUNCTION void operator()(std::int64_t k) const {
    cells.row(k / columns)[k % columns] = scale * value_of<T>(first + k / columns, k % columns);
  }
};

template <class T>
void fill(Space const& exec, Field<Space, T> const& field, T scale) {
  Block const& block = field.block();
  Kokkos::parallel_for("kramers::test::fill",
                       Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(exec, 0, block.cells()),
                       Fill<T>{field.rows(), block.columns, block.first, scale});
}

template <class T>
Field<Space, T> filled(Space const& exec, Block const& block, std::int64_t halo, std::int64_t ghosts, T scale = 1) {
  Field<Space, T> field(exec, "kramers::test::field", block, halo, ghosts);
  fill(exec, field, scale);
  return field;
}

struct Products {
  Rows<double> a;
  KOKKOS_FUNCTION void operator()(std::int64_t j, std::int64_t i, double (&x)[2], double (&y)[2]) const {
    x[0] = y[0] = a.row(j)[i];
    x[1] = a.row(j)[i];
    y[1] = 1;
  }
};

template <class T>
struct Square {
  Rows<T> a;
  KOKKOS_FUNCTION T operator()(std::int64_t j, std::int64_t i) const { return a.row(j)[i] * a.row(j)[i]; }
};

TEST(Blocks, CoverTheGridAndDifferByOneRowAtMost) {
  for (std::int64_t const rows : {3, 7, 100, 101}) {
    for (int ranks = 1; ranks <= 3; ++ranks) {
      std::int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        Block const block = block_of(rows, 5, rank, ranks);
        EXPECT_EQ(block.first, next);
        EXPECT_GE(block.size(), smallest_block(rows, ranks));
        EXPECT_LE(block.size(), smallest_block(rows, ranks) + 1);
        next = block.last;
      }
      EXPECT_EQ(next, rows);
    }
  }
  EXPECT_THROW(block_of(3, 5, 0, 4), DomainError);
}

void expect_halos(Edge edge, std::int64_t halo, Messages messages) {
  Space const exec;
  auto const comm = Communicator::world();
  Block const block = block_of(23, 40, comm.rank(), comm.size());
  std::array const fields{filled<double>(exec, block, halo, 1), filled<double>(exec, block, halo, 1, 2.0)};
  HaloExchange<Space, double, 2> const exchange(exec, comm, edge, fields[0], messages);
  exchange(exec, fields);
  exec.fence();
  for (double const scale : {1.0, 2.0}) {
    auto const& field = fields[scale == 1.0 ? 0 : 1];
    auto const host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), field.view());
    for (std::int64_t j = -halo; j < block.size() + halo; ++j) {
      std::int64_t const row = block.first + j;
      bool const beyond = row < 0 || row >= block.rows;
      for (std::int64_t i = 0; i < block.columns; ++i) {
        double const expected =
            beyond && edge == Edge::walls ? 0.0 : scale * value_of<double>((row + block.rows) % block.rows, i);
        ASSERT_EQ(host(j + halo, i + field.left()), expected) << "row " << row << " column " << i;
      }
    }
  }
}

TEST(Halos, HoldTheRowsOfTheNeighbours) {
  for (Edge const edge : {Edge::walls, Edge::ring}) {
    for (std::int64_t const halo : {1, 2, 5}) {
      expect_halos(edge, halo, Messages::automatic);
      expect_halos(edge, halo, Messages::staged);
      if (!on_device<Space>) expect_halos(edge, halo, Messages::direct);  // else it takes an MPI that is aware of it
    }
  }
}

TEST(Halos, SendWhatCellsWereWhenItBegan) {
  Space const exec;
  auto const comm = Communicator::world();
  Block const block = block_of(23, 70, comm.rank(), comm.size());
  for (Messages const messages : {Messages::automatic, Messages::staged}) {
    std::int64_t const halo = 3;
    Field<Space, double> field = filled<double>(exec, block, halo, 1);
    HaloExchange<Space, double> exchange(exec, comm, Edge::ring, field, messages);
    EXPECT_TRUE(exchange.has_before() && exchange.has_after());
    for (int repeat = 0; repeat < 2; ++repeat) {  // what is under way is forgotten when it has come
      fill(exec, field, 1.0);
      exchange.begin(exec, {field});
      fill(exec, field, 2.0);
      exchange.finish(exec, {field});
      exec.fence();
      auto const host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), field.view());
      for (std::int64_t j = -halo; j < block.size() + halo; ++j) {
        std::int64_t const row = (block.first + j + block.rows) % block.rows;
        double const scale = j < 0 || j >= block.size() ? 1.0 : 2.0;
        for (std::int64_t i = 0; i < block.columns; ++i) {
          ASSERT_EQ(host(j + halo, i + field.left()), scale * value_of<double>(row, i)) << row << " " << i;
        }
      }
    }
  }
}

TEST(Halos, LeaveFromWhereTheyCan) {
  // Nothing else decides what a device without MPI, or with one that is not aware of it, may be asked to do.
  for (int const ranks : {1, 2}) {
    EXPECT_FALSE(is_staged(Messages::automatic, true, ranks));
    EXPECT_TRUE(is_staged(Messages::automatic, false, ranks));
    EXPECT_FALSE(is_staged(Messages::direct, true, ranks));
    EXPECT_TRUE(is_staged(Messages::staged, true, ranks));
    EXPECT_TRUE(is_staged(Messages::staged, false, ranks));
  }
  EXPECT_TRUE(is_staged(Messages::direct, false, 1));
  EXPECT_FALSE(is_staged(Messages::direct, false, 2));
}

TEST(Halos, AreNotDeeperThanTheSmallestBlock) {
  Space const exec;
  auto const comm = Communicator::world();
  Block const block = block_of(12, 4, comm.rank(), comm.size());
  Field<Space, double> const field(exec, "kramers::test::field", block, 12 / comm.size() + 1);
  EXPECT_THROW((HaloExchange<Space, double>(exec, comm, Edge::ring, field)), DomainError);
}

/// The documented order, for the whole grid.
std::vector<double> fixed_by_hand(std::int64_t rows, std::int64_t columns, bool squares) {
  std::vector<double> sums;
  for (std::int64_t j = 0; j < rows; ++j) {
    double row = 0;
    for (std::int64_t begin = 0; begin < columns; begin += 1024) {
      double lanes[32] = {};
      for (std::int64_t i = begin; i < std::min(columns, begin + 1024); ++i) {
        double const a = value_of<double>(j, i);
        lanes[i % 32] = std::fma(a, squares ? a : 1.0, lanes[i % 32]);
      }
      row += tree_sum(lanes, 32);
    }
    sums.push_back(row);
  }
  while (sums.size() > 1) {
    std::size_t const left = (sums.size() + 1) / 2;
    for (std::size_t i = 0; left + i < sums.size(); ++i) sums[i] += sums[left + i];
    sums.resize(left);
  }
  return sums;
}

TEST(Sums, FixedOnesHaveTheDocumentedOrder) {
  Space const exec;
  auto const comm = Communicator::world();
  for (auto const& [rows, columns] : {std::tuple(17, 31), std::tuple(13, 100), std::tuple(9, 2500)}) {
    Block const block = block_of(rows, columns, comm.rank(), comm.size());
    auto const field = filled<double>(exec, block, 1, 0);
    FixedSums<Space, 2> sums(exec, comm, block);
    auto const found = sums(exec, Products{field.rows()});
    EXPECT_EQ(found[0], fixed_by_hand(rows, columns, true)[0]);
    EXPECT_EQ(found[1], fixed_by_hand(rows, columns, false)[0]);
  }
}

TEST(Sums, FastOnesOfIntegersAreExact) {
  Space const exec;
  auto const comm = Communicator::world();
  std::int64_t const rows = 300, parts = 3;
  Kokkos::View<double*, Kokkos::HostSpace> const host("kramers::test::partials", rows * parts * 2);
  double expected[2] = {0, 0};
  for (std::int64_t i = 0; i < rows * parts; ++i) {
    auto const place = static_cast<std::size_t>(2 * i);
    host(place) = static_cast<double>(i % 41 + comm.rank());
    host(place + 1) = static_cast<double>(i * i);
    for (int rank = 0; rank < comm.size(); ++rank) {
      expected[0] += static_cast<double>(i % 41 + rank);
      expected[1] += static_cast<double>(i * i);
    }
  }
  auto const partials = Kokkos::create_mirror_view_and_copy(Space::memory_space(), host);
  for (bool const one_core : {false, true}) {
    auto const sums = fast_sums<2>(exec, comm, partials.data(), rows, parts, one_core);
    EXPECT_EQ(sums[0], expected[0]);
    EXPECT_EQ(sums[1], expected[1]);
  }
}

template <class T>
T numpy_by_hand(std::vector<T> const& a, std::size_t begin, std::size_t n) {
  if (n > 128) {
    std::size_t const half = n / 2 - n / 2 % 8;
    return numpy_by_hand(a, begin, half) + numpy_by_hand(a, begin + half, n - half);
  }
  if (n < 8) {
    T sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += a[begin + i];
    return sum;
  }
  T r[8];
  for (std::size_t k = 0; k < 8; ++k) r[k] = a[begin + k];
  std::size_t i = 8;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) r[k] += a[begin + i + k];
  }
  T sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  for (; i < n; ++i) sum += a[begin + i];
  return sum;
}

template <class T>
void expect_numpy() {
  Space const exec;
  auto const comm = Communicator::world();
  for (auto const& [rows, columns] : {std::tuple(7, 5), std::tuple(100, 100), std::tuple(65, 1029)}) {
    Block const block = block_of(rows, columns, comm.rank(), comm.size());
    auto const field = filled<T>(exec, block, 1, 0);
    NumpySums<Space, T> sums(exec, comm, block);
    T const found = sums(exec, Square<T>{field.rows()});
    std::vector<T> all;
    for (std::int64_t k = 0; k < rows * columns; ++k) {
      T const a = value_of<T>(k / columns, k % columns);
      all.push_back(a * a);
    }
    T expected = 0;
    for (std::size_t begin = 0; begin < all.size(); begin += 8192) {
      T const chunk = numpy_by_hand(all, begin, std::min<std::size_t>(8192, all.size() - begin));
      expected = begin == 0 ? chunk : expected + chunk;
    }
    EXPECT_EQ(found, expected) << rows << " x " << columns;
  }
}

TEST(Sums, NumpyOnesAreThoseOfNumpy) {
  expect_numpy<double>();
  expect_numpy<float>();
}

TEST(Hashes, DependOnEveryCellAndItsPlaceAndNotOnTheRanks) {
  Space const exec;
  auto const comm = Communicator::world();
  Block const block = block_of(11, 13, comm.rank(), comm.size());
  std::uint64_t expected = 0;
  for (std::int64_t k = 0; k < 11 * 13; ++k) {
    expected +=
        hash_element(static_cast<std::uint64_t>(k), std::bit_cast<std::uint64_t>(value_of<double>(k / 13, k % 13)));
  }
  EXPECT_EQ(field_hash(exec, comm, filled<double>(exec, block, 2, 1)), expected);
  EXPECT_NE(field_hash(exec, comm, filled<float>(exec, block, 2, 1)), expected);
}

}  // namespace kramers::test::grids_fields
