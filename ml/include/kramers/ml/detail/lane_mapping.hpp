// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/math.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

/// Who computes what of a batch. The samples of a batch lie in a grid of rows x batch_columns, sample = row * batch_columns
/// + column. A sum over the batch is that of each column, its rows in order, and then a tree over the columns that halves
/// their number: s[c] += s[c + 16], s[c] += s[c + 8], ... Three lane mappings do this with the same bits:
///
///   ColumnLanes    one model on a CPU: lanes are columns
///   ModelLanes     many models on a CPU: lanes are models, columns come one after the other
///   ColumnThreads  one model on a device: the threads of a team are columns
///
/// A lane mapping goes through `cells` of `lanes` each; (cell, lane) names a sample (ModelLanes: a sample of the model `lane`).
namespace kramers::ml::detail {

inline constexpr int batch_columns = 32;

/// Of a batch whose elements are looked up together.
inline constexpr int rows_at_a_time = 4;
inline constexpr int places_at_a_time = rows_at_a_time * batch_columns;

constexpr int batch_rows(int samples) {
  return (samples + batch_columns - 1) / batch_columns;
}

/// Lanes of a whole vector of T.
template <class T>
inline constexpr int vector_lanes = 64 / static_cast<int>(sizeof(T));

/// Run body(first + i, model) for i in [0, Count) with lanes over i.
template <int Count, class Body>
KOKKOS_FORCEINLINE_FUNCTION void each_in_lanes(Body const& body) {
  constexpr int most = 64;
  for (int first = 0; first + most <= Count; first += most) {
    for_lanes<most>([&](int const i) { body(first + i, 0); });
  }
  if constexpr (Count % most != 0) {
    for_lanes<Count % most>([&](int const i) { body(Count - Count % most + i, 0); });
  }
}

/// Halve the columns s[0 ... 31] until s[0] holds their sum. Zeros lose their sign first, so that it does not matter
/// whether a sample that is not there was added as zero or left out.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T tree_of_columns(T* const s) {
  for_lanes<16>([&](int const c) { s[c] = (s[c] + T(0)) + (s[c + 16] + T(0)); });
  for_lanes<8>([&](int const c) { s[c] += s[c + 8]; });
  for_lanes<4>([&](int const c) { s[c] += s[c + 4]; });
  for_lanes<2>([&](int const c) { s[c] += s[c + 2]; });
  return s[0] + s[1];
}

/// One model; lanes are columns, cells are rows.
template <class T>
class ColumnLanes {
 public:
  static constexpr int lanes = batch_columns;
  static constexpr int models = 1;
  static constexpr bool checks_lanes = true;  ///< a cell may hold lanes without a sample
  static constexpr int cells(int batch) { return batch_rows(batch); }
  static constexpr int scratch(int) { return 0; }

  KOKKOS_FUNCTION void begin(int samples) { m_samples = samples; }
  KOKKOS_FUNCTION int position(int cell, int lane) const { return cell * lanes + lane; }
  KOKKOS_FUNCTION bool holds(int cell, int lane) const { return position(cell, lane) < m_samples; }
  KOKKOS_FUNCTION bool leads() const { return true; }

  /// body(cell, lane) for all samples, and for the lanes that fill up the last row.
  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION void each_sample(Body const& body) const {
    for (int cell = 0; cell < batch_rows(m_samples); ++cell) {
      for (int part = 0; part < lanes; part += width) {
        for_lanes<width>([&](int const l) { body(cell, part + l); });
      }
    }
  }
  /// body(i, model) for i in [0, Count) and all models.
  template <int Count, class Body>
  KOKKOS_FORCEINLINE_FUNCTION void each(Body const& body) const {
    each_in_lanes<Count>(body);
  }
  /// `Count` sums over the batch: term(cell, lane, sum) adds to sum(k); store(k, model, total).
  template <int Count, class Term, class Store>
  KOKKOS_FORCEINLINE_FUNCTION void sums(Term const& term, Store const& store) const {
    alignas(64) T columns[Count][lanes];
    for (int k = 0; k < Count; ++k) for_lanes<lanes>([&](int const l) { columns[k][l] = T(0); });
    each_sample([&](int const cell, int const l) { term(cell, l, [&](int const k) -> T& { return columns[k][l]; }); });
    for (int k = 0; k < Count; ++k) store(k, 0, tree_of_columns(columns[k]));
  }
  /// put(cell, lane, element): the elements that stand in the batch, which begins at `first` of `order`.
  template <class Order, class Put>
  KOKKOS_FORCEINLINE_FUNCTION void each_element(Order const& order, int first, Put const& put) const {
    std::uint32_t element[places_at_a_time];
    int const rows = batch_rows(m_samples);
    for (int row = 0; row < rows; row += rows_at_a_time) {
      int const some = rows - row < rows_at_a_time ? rows - row : rows_at_a_time;
      order.elements(0, first + row * lanes, some * lanes, element);
      for (int r = 0; r < some; ++r) {
        for_lanes<lanes>([&](int const l) { put(row + r, l, element[r * lanes + l]); });
      }
    }
  }

 private:
  static constexpr int width = vector_lanes<T>;
  int m_samples = 0;
};

/// As many models as a vector has lanes. Cells are samples; they are visited column by column, the columns in bit-reversed
/// order, so that the tree over the columns merges neighbours and needs one partial sum for each of its levels.
template <class T>
class ModelLanes {
 public:
  static constexpr int lanes = vector_lanes<T>;
  static constexpr int models = lanes;
  static constexpr bool checks_lanes = false;
  static constexpr int cells(int batch) { return batch_rows(batch) * batch_columns; }
  static constexpr int scratch(int) { return 0; }

  KOKKOS_FUNCTION void begin(int samples) {
    m_samples = samples;
    m_rows = batch_rows(samples);
  }
  KOKKOS_FUNCTION int position(int cell, int) const { return cell % m_rows * batch_columns + reversed(cell / m_rows); }
  KOKKOS_FUNCTION bool holds(int, int) const { return true; }
  KOKKOS_FUNCTION bool leads() const { return true; }

  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION void each_sample(Body const& body) const {
    for (int turn = 0; turn < batch_columns; ++turn) column(turn, body);
  }
  template <int Count, class Body>
  KOKKOS_FORCEINLINE_FUNCTION void each(Body const& body) const {
    for (int i = 0; i < Count; ++i) for_lanes<lanes>([&](int const l) { body(i, l); });
  }
  template <int Count, class Term, class Store>
  KOKKOS_FORCEINLINE_FUNCTION void sums(Term const& term, Store const& store) const {
    alignas(64) T levels[6][Count][lanes];
    for (int turn = 0; turn < batch_columns; ++turn) {
      alignas(64) T sum[Count][lanes];
      for (int k = 0; k < Count; ++k) for_lanes<lanes>([&](int const l) { sum[k][l] = T(0); });
      column(turn, [&](int const cell, int const l) { term(cell, l, [&](int const k) -> T& { return sum[k][l]; }); });
      for (int k = 0; k < Count; ++k) for_lanes<lanes>([&](int const l) { sum[k][l] += T(0); });
      int level = 0;
      for (; (turn >> level & 1) != 0; ++level) {
        for (int k = 0; k < Count; ++k) for_lanes<lanes>([&](int const l) { sum[k][l] += levels[level][k][l]; });
      }
      for (int k = 0; k < Count; ++k) for_lanes<lanes>([&](int const l) { levels[level][k][l] = sum[k][l]; });
    }
    for (int k = 0; k < Count; ++k) for_lanes<lanes>([&](int const l) { store(k, l, levels[5][k][l]); });
  }
  template <class Order, class Put>
  KOKKOS_FORCEINLINE_FUNCTION void each_element(Order const& order, int first, Put const& put) const {
    std::uint32_t element[places_at_a_time];
    for (int model = 0; model < models; ++model) {
      for (int row = 0; row < m_rows; row += rows_at_a_time) {
        int const some = m_rows - row < rows_at_a_time ? m_rows - row : rows_at_a_time;
        order.elements(model, first + row * batch_columns, some * batch_columns, element);
        for (int i = 0; i < some * batch_columns && row * batch_columns + i < m_samples; ++i) {
          put(reversed(i % batch_columns) * m_rows + row + i / batch_columns, model, element[i]);
        }
      }
    }
  }

 private:
  /// The five bits of a column's number in the opposite order.
  KOKKOS_FUNCTION static int reversed(int c) {
    return (c & 1) << 4 | (c & 2) << 2 | (c & 4) | (c & 8) >> 2 | (c & 16) >> 4;
  }
  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION void column(int turn, Body const& body) const {
    int const rows = (m_samples - reversed(turn) + batch_columns - 1) / batch_columns;
    for (int row = 0; row < rows; ++row) {
      for_lanes<lanes>([&](int const l) { body(turn * m_rows + row, l); });
    }
  }
  int m_samples = 0, m_rows = 0;
};

/// One model; the batch_columns threads of a team are columns. What a thread leaves for others stands in memory of the team,
/// and every method ends with a barrier where it wrote there.
template <class T, class Member>
class ColumnThreads {
 public:
  static constexpr int lanes = batch_columns;
  static constexpr int models = 1;
  static constexpr bool checks_lanes = true;
  static constexpr int cells(int batch) { return batch_rows(batch); }
  /// Elements of team memory for `most` sums at a time.
  static constexpr int scratch(int most) { return most * stride; }

  KOKKOS_FUNCTION ColumnThreads(Member const& team, T* columns)
      : m_team(team), m_columns(columns), m_thread(team.team_rank()) {}

  KOKKOS_FUNCTION void begin(int samples) { m_samples = samples; }
  KOKKOS_FUNCTION int position(int cell, int lane) const { return cell * lanes + lane; }
  KOKKOS_FUNCTION bool holds(int cell, int lane) const { return position(cell, lane) < m_samples; }
  KOKKOS_FUNCTION bool leads() const { return m_thread == 0; }

  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION void each_sample(Body const& body) const {
    for (int cell = 0; cell < batch_rows(m_samples); ++cell) body(cell, m_thread);
  }
  template <int Count, class Body>
  KOKKOS_FORCEINLINE_FUNCTION void each(Body const& body) const {
    for (int i = m_thread; i < Count; i += lanes) body(i, 0);
    m_team.team_barrier();
  }
  template <int Count, class Term, class Store>
  KOKKOS_FORCEINLINE_FUNCTION void sums(Term const& term, Store const& store) const {
    T column[Count];
    for (int k = 0; k < Count; ++k) column[k] = T(0);
    each_sample([&](int const cell, int const l) { term(cell, l, [&](int const k) -> T& { return column[k]; }); });
    for (int k = 0; k < Count; ++k) m_columns[k * stride + m_thread] = column[k];
    m_team.team_barrier();
    for (int k = m_thread; k < Count; k += lanes) {
      T s[lanes];
      for (int c = 0; c < lanes; ++c) s[c] = m_columns[k * stride + c];
      store(k, 0, tree_of_columns(s));
    }
    m_team.team_barrier();
  }
  template <class Order, class Put>
  KOKKOS_FORCEINLINE_FUNCTION void each_element(Order const& order, int first, Put const& put) const {
    for (int cell = 0; cell < batch_rows(m_samples); ++cell) {
      int const last = m_samples - 1;
      int const here = position(cell, m_thread);
      put(cell, m_thread, order.element(0, first + (here < last ? here : last)));
    }
  }

 private:
  static constexpr int stride = batch_columns + 1;  // threads that read a column each meet in no bank
  Member const& m_team;
  T* m_columns;
  int m_thread;
  int m_samples = 0;
};

}  // namespace kramers::ml::detail
