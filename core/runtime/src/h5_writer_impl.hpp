// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/file.hpp>
#include <kramers/runtime/collective_errors.hpp>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "h5_support.hpp"

namespace kramers::h5 {

namespace detail {
/// Groups on the way to a new object are made too.
Properties make_parents();
}  // namespace detail

/// What the calls of a Writer are made of: one file, agreement among the ranks, and the two ways to it.
struct Writer::Impl {
  std::filesystem::path path;
  Communicator comm;
  bool gathered;                       ///< rank 0 alone holds the file
  std::optional<PendingFile> pending;  ///< on rank 0
  detail::File file;
  bool all_failed = false;  ///< every rank knows that this file failed
  int exceptions = std::uncaught_exceptions();

  Impl(std::filesystem::path where, Communicator ranks, bool gather)
      : path(std::move(where)), comm(std::move(ranks)), gathered(gather) {}

  ~Impl();

  /// Throw IoError with the reason of the last HDF5 call unless `ok`.
  void check(bool ok) const;

  /// Collective: either all ranks come through or all throw.
  void settle(std::exception_ptr failure);

  /// Collective: do on every rank what needs no other rank.
  template <class Work>
  void alone(Work&& work) {
    std::exception_ptr failure;
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
    settle(std::move(failure));
  }

  /// Collective: do `work` on the ranks that hold the file, by calls that are collective among them.
  template <class Work>
  void together(Work&& work) {
    detail::Silence const silence;
    alone([&] {
      if (gathered && !comm.is_root()) return;
      if (!file.is_open()) throw Error("the HDF5 file " + path.string() + " is already complete");
      work();
    });
  }

  /// Collective, for MPI-IO: do all ranks see the file that rank 0 began? Opening it together would wait for ever.
  void expect_shared(std::string const& temporary);

  /// Collective, for MPI-IO: make room for so many more bytes beforehand, since a disk that fills up during a collective
  /// write is reported without the reason, or not on all ranks, or not at all.
  void reserve(std::uint64_t bytes);

  detail::Dataset create_dataset(std::string_view name, hid_t type, Extents const& extents) const;
  void create_attribute(hid_t object, std::string_view name, hid_t type, hid_t space, void const* data) const;
  detail::Object open(std::string_view name) const;

  /// Write one piece; nullptr takes part in a collective write with nothing.
  void put(hid_t dataset, detail::Block values, detail::Piece const* piece, hid_t transfer) const;
  void attach_checksum(hid_t dataset, std::uint64_t sum) const;
  void attach_block_checksums(hid_t dataset, std::vector<std::uint64_t> const& sums,
                              std::uint64_t rows_per_block) const;

  void write_collectively(hid_t dataset, detail::Block mine, std::vector<detail::Piece> const& pieces);
  void write_gathered(hid_t dataset, detail::Block mine, Extents const& offset, Extents const& count);
};

}  // namespace kramers::h5
