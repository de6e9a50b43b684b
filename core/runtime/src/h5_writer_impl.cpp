// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>

#ifdef KRAMERS_HAVE_HDF5
#include <kramers/runtime/provenance.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "h5_writer_impl.hpp"

namespace kramers::h5 {

namespace fs = std::filesystem;
using detail::Block;

namespace {

// Rank 0 holds one piece of another rank's values at a time.
constexpr std::uint64_t gathered_piece_bytes = 16 << 20;
// Room for HDF5's own bookkeeping, of which a dataset and its attributes take at most 40 kB.
constexpr std::uint64_t bookkeeping_bytes = 128 << 10;

/// Make a file longer by so many bytes that are really there; 0, or why not. HDF5 cuts off at the end what it did not
/// use.
int extend_file(fs::path const& path, std::uint64_t bytes) {
  int const file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  struct stat status{};
  int reason = 0;
#ifdef __linux__
  if (::fstat(file, &status) != 0 || ::fallocate(file, 0, status.st_size, static_cast<off_t>(bytes)) != 0) {
    reason = errno == EOPNOTSUPP ? 0 : errno;
  }
#endif
  ::close(file);
  return reason;
}

}  // namespace

detail::Properties detail::make_parents() {
  detail::Properties link(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(link, 1);
  return link;
}

Writer::Impl::~Impl() {
  detail::Silence const silence;
  // With MPI-IO closing is collective: a rank that unwinds alone must not wait for the others here.
  if (!gathered && !all_failed && std::uncaught_exceptions() > exceptions) file.leak();
  file.close();
}

void Writer::Impl::check(bool ok) const {
  if (ok) return;
  auto const [system, sentence] = detail::last_reason();
  throw IoError(path.string(), "cannot be written: " + (system.empty() ? "HDF5 says: " + sentence : system));
}

void Writer::Impl::settle(std::exception_ptr failure) {
  // Ranks that wait for this one in a collective call of MPI-IO cannot hear it.
  auto const patience = gathered ? std::chrono::milliseconds::max() : std::chrono::milliseconds(60'000);
  try {
    kramers::detail::agree_on(comm, std::move(failure), patience);
  } catch (StrandedError const&) {
    throw;
  } catch (...) {
    all_failed = true;
    throw;
  }
}

void Writer::Impl::expect_shared(std::string const& temporary) {
  if (gathered) return;
  alone([&] {
    // Its name is random: what stands under it here is what rank 0 made. A network file system may take a moment.
    for (int tries = 0; ::access(temporary.c_str(), F_OK) != 0; ++tries) {
      if (tries == 20) {
        throw IoError(path.string(),
                      "cannot be written by all ranks together: rank " + std::to_string(comm.rank()) + " on " +
                          host_name() +
                          " does not see the file that rank 0 began; start all ranks in the same folder, "
                          "on a file system that all machines share");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
}

void Writer::Impl::reserve(std::uint64_t bytes) {
  if (gathered) return;
  alone([&] {
    if (!comm.is_root()) return;
    int const reason = extend_file(pending->temporary(), bytes + bookkeeping_bytes);
    if (reason != 0) throw IoError(path.string(), std::string("cannot be written: ") + std::strerror(reason));
  });
}

detail::Dataset Writer::Impl::create_dataset(std::string_view name, hid_t type, Extents const& extents) const {
  std::vector<hsize_t> const dims(extents.begin(), extents.end());
  detail::Dataspace const space(dims.empty() ? H5Screate(H5S_SCALAR)
                                             : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr));
  check(space.is_open());
  detail::Properties const how(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);  // every element is written anyway
  detail::Dataset dataset(
      H5Dcreate2(file, std::string(name).c_str(), type, space, detail::make_parents(), how, H5P_DEFAULT));
  check(dataset.is_open());
  return dataset;
}

void Writer::Impl::create_attribute(hid_t object, std::string_view name, hid_t type, hid_t space,
                                    void const* data) const {
  detail::Attribute attribute(H5Acreate2(object, std::string(name).c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT));
  check(attribute.is_open());
  check(H5Awrite(attribute, type, data) >= 0);
}

detail::Object Writer::Impl::open(std::string_view name) const {
  detail::Object object(H5Oopen(file, std::string(name).c_str(), H5P_DEFAULT));
  check(object.is_open());
  return object;
}

void Writer::Impl::put(hid_t dataset, Block values, detail::Piece const* piece, hid_t transfer) const {
  hsize_t const elements = piece == nullptr ? 0 : piece->bytes / detail::size_of(values.type);
  detail::Dataspace const there(H5Dget_space(dataset));
  detail::Dataspace const here(H5Screate_simple(1, &elements, nullptr));
  if (piece == nullptr) {
    H5Sselect_none(there);
    H5Sselect_none(here);
  } else {
    std::vector<hsize_t> const offset(piece->offset.begin(), piece->offset.end());
    std::vector<hsize_t> const count(piece->count.begin(), piece->count.end());
    check(H5Sselect_hyperslab(there, H5S_SELECT_SET, offset.data(), nullptr, count.data(), nullptr) >= 0);
  }
  check(H5Dwrite(dataset, detail::native_type(values.type), here, there, transfer, values.data) >= 0);
}

void Writer::Impl::attach_checksum(hid_t dataset, std::uint64_t sum) const {
  detail::Dataspace const scalar(H5Screate(H5S_SCALAR));
  create_attribute(dataset, detail::checksum_name, H5T_NATIVE_UINT64, scalar, &sum);
}

void Writer::Impl::attach_block_checksums(hid_t dataset, std::vector<std::uint64_t> const& sums,
                                          std::uint64_t rows_per_block) const {
  hsize_t const blocks = sums.size();
  detail::Dataspace const scalar(H5Screate(H5S_SCALAR)), list(H5Screate_simple(1, &blocks, nullptr));
  create_attribute(dataset, detail::rows_per_block_name, H5T_NATIVE_UINT64, scalar, &rows_per_block);
  create_attribute(dataset, detail::block_checksums_name, H5T_NATIVE_UINT64, list, sums.data());
}

void Writer::Impl::write_collectively(hid_t dataset, Block mine, std::vector<detail::Piece> const& pieces) {
#ifdef KRAMERS_HAVE_HDF5_PARALLEL
  detail::Properties const transfer(H5Pcreate(H5P_DATASET_XFER));
  H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
  auto const rounds = comm.max(std::uint64_t{pieces.size()});
  for (std::size_t i = 0; i < rounds; ++i) {
    together([&] {
      bool const mine_too = i < pieces.size();
      put(dataset, mine_too ? detail::part(mine, pieces[i]) : mine, mine_too ? &pieces[i] : nullptr, transfer);
    });
  }
#else
  static_cast<void>(dataset), static_cast<void>(mine), static_cast<void>(pieces);
#endif
}

void Writer::Impl::write_gathered(hid_t dataset, Block mine, Extents const& offset, Extents const& count) {
  auto const element_bytes = detail::size_of(mine.type);
  Extents place(offset);
  place.insert(place.end(), count.begin(), count.end());
  Extents const places = comm.gather(place);
  if (!comm.is_root()) {
    for (auto const& piece : detail::pieces_of(offset, count, element_bytes, gathered_piece_bytes)) {
      comm.send({static_cast<std::byte const*>(mine.data) + piece.first_byte, piece.bytes}, 0);
    }
    return settle(nullptr);
  }
  detail::Silence const silence;
  std::exception_ptr failure;
  auto const attempt = [&](Block values, detail::Piece const& piece) {
    if (failure) return;  // the file is lost, but the other ranks want to get rid of their pieces
    try {
      put(dataset, values, &piece, H5P_DEFAULT);
    } catch (...) {
      failure = std::current_exception();
    }
  };
  auto const dims = static_cast<std::ptrdiff_t>(offset.size());
  std::vector<std::byte> buffer;
  for (int rank = 0; rank < comm.size(); ++rank) {
    auto const begin = places.begin() + rank * 2 * dims;
    Extents const their_offset(begin, begin + dims);
    Extents const their_count(begin + dims, begin + 2 * dims);
    for (auto const& piece : detail::pieces_of(their_offset, their_count, element_bytes, gathered_piece_bytes)) {
      if (rank == 0) {
        attempt(detail::part(mine, piece), piece);
      } else {
        buffer.resize(piece.bytes);
        comm.receive(buffer, rank);
        attempt(Block{mine.type, buffer.data(), piece.bytes / element_bytes}, piece);
      }
    }
  }
  settle(failure);
}

}  // namespace kramers::h5
#endif
