// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kramers {

/// An MPI call returned a code other than MPI_SUCCESS: the call, the code, and MPI's own text for it.
class MpiError : public Error {
 public:
  MpiError(std::string call, int code, std::string const& text,
           std::source_location where = std::source_location::current());
  std::string const& call() const { return m_call; }
  int code() const { return m_code; }

 private:
  std::string m_call;
  int m_code;
};

/// Numbers that can be reduced over ranks.
template <class T>
concept reducible = std::same_as<T, double> || std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t>;

/// Bytes that can be sent as they are.
template <class T>
concept sendable = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>;

/// A group of processes that work on one run, as a value: copies share the group. Without MPI, or before MPI is
/// initialised, it is a group of one. Every member function except rank, size and is_root is collective: all ranks call
/// it, in the same order.
///
/// @throws MpiError  any MPI call failed
class Communicator {
 public:
  /// All processes of the run.
  static Communicator world();
  /// This process alone.
  static Communicator self();
  /// The same processes with a separate stream of messages, which cannot be mixed up with those of the original.
  Communicator duplicate() const;

  int rank() const noexcept;
  int size() const noexcept;
  bool is_root() const noexcept { return rank() == 0; }

  /// The processes of this group that share this machine's memory, in the same order.
  Communicator local() const;

  void barrier() const;

  /// Every rank gets the text of `root`.
  void broadcast(std::string& text, int root = 0) const;
  /// Every rank gets the values of `root`; the extents agree on all ranks.
  template <sendable T>
  void broadcast(std::span<T> values, int root = 0) const {
    broadcast_bytes(std::as_writable_bytes(values), root);
  }
  template <sendable T>
    requires std::is_arithmetic_v<T>
  void broadcast(T& value, int root = 0) const {
    broadcast(std::span<T>(&value, 1), root);
  }

  /// Element-wise reduction over ranks, in place, the result on every rank. Unsigned sums wrap. A sum of doubles may
  /// round differently for another number of ranks; gather and add in a fixed order where that matters.
  template <reducible T>
  void sum(std::span<T> values) const {
    reduce(values.data(), values.size(), kind<T>(), Operation::sum);
  }
  template <reducible T>
  void min(std::span<T> values) const {
    reduce(values.data(), values.size(), kind<T>(), Operation::min);
  }
  template <reducible T>
  void max(std::span<T> values) const {
    reduce(values.data(), values.size(), kind<T>(), Operation::max);
  }
  template <reducible T>
  T sum(T value) const {
    sum(std::span<T>(&value, 1));
    return value;
  }
  template <reducible T>
  T min(T value) const {
    min(std::span<T>(&value, 1));
    return value;
  }
  template <reducible T>
  T max(T value) const {
    max(std::span<T>(&value, 1));
    return value;
  }

  /// Concatenate the values of all ranks, in rank order, on rank 0; the extents may differ. Other ranks get nothing.
  template <sendable T>
  std::vector<T> gather(std::span<T const> values) const {
    auto const total = static_cast<std::size_t>(sum(static_cast<std::uint64_t>(values.size())));
    std::vector<T> all(is_root() ? total : 0);
    gather_bytes(std::as_bytes(values), std::as_writable_bytes(std::span<T>(all)));
    return all;
  }
  template <sendable T>
  std::vector<T> gather(std::vector<T> const& values) const {
    return gather(std::span<T const>(values));
  }

  /// One text per rank, in rank order, on rank 0; nothing elsewhere.
  std::vector<std::string> gather_texts(std::string_view text) const;

  /// Smallest value over ranks, or nothing if some rank did not take part before the time was up. After nothing came
  /// back the communicator is of no further use: end the run.
  std::optional<std::int64_t> min_within(std::int64_t value, std::chrono::milliseconds patience) const;

  /// End all processes of the run now, with this exit code.
  [[noreturn]] void abort(int code) const;

  /// Point-to-point, for the gathering of files: the receiver knows the size. Not collective.
  void send(std::span<std::byte const> bytes, int to) const;
  void receive(std::span<std::byte> bytes, int from) const;

  /// Address of the MPI_Comm behind this value; nullptr where there is none.
  void const* native() const noexcept;

 private:
  enum class Number { real, integer, natural };
  enum class Operation { sum, min, max };
  struct Group;

  explicit Communicator(std::shared_ptr<Group const> group);

  template <class T>
  static constexpr Number kind() {
    if constexpr (std::same_as<T, double>) return Number::real;
    if constexpr (std::same_as<T, std::int64_t>) return Number::integer;
    return Number::natural;
  }

  void broadcast_bytes(std::span<std::byte> bytes, int root) const;
  void gather_bytes(std::span<std::byte const> mine, std::span<std::byte> all) const;
  void reduce(void* values, std::size_t count, Number number, Operation operation) const;

  std::shared_ptr<Group const> m_group;
};

/// Initialises MPI (funneled threads, errors returned) where it is built in and nobody has done so, and finalises it
/// at the end of the scope. A program that no launcher has started is one rank and does without: MPI_Init is most of the
/// start-up, fails on the login nodes of some machines, and leaves files behind where the program is killed. If the scope is left by an exception the run is aborted instead, since MPI_Finalize would
/// wait for ranks that never come.
class MpiSession {
 public:
  MpiSession(int& argc, char**& argv);
  ~MpiSession();
  MpiSession(MpiSession const&) = delete;
  MpiSession& operator=(MpiSession const&) = delete;

 private:
  bool m_owner = false;
  int m_exceptions = 0;
};

}  // namespace kramers
