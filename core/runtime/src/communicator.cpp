// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/communicator.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <thread>
#include <utility>

#ifdef KRAMERS_HAVE_MPI
#include <mpi.h>
#include <unistd.h>

#include "mpi_success.hpp"
#endif

namespace kramers {

MpiError::MpiError(std::string call, int code, std::string const& text, std::source_location where)
    : Error(call + " failed: " + text, where), m_call(std::move(call)), m_code(code) {}

std::vector<std::string> Communicator::gather_texts(std::string_view text) const {
  auto const lengths = gather(std::vector<std::uint64_t>{text.size()});
  auto const characters = gather(std::span<char const>(text.data(), text.size()));
  std::vector<std::string> texts;
  auto next = characters.begin();
  for (std::uint64_t const length : lengths) {
    auto const end = next + static_cast<std::ptrdiff_t>(length);
    texts.emplace_back(next, end);
    next = end;
  }
  return texts;
}

#ifdef KRAMERS_HAVE_MPI

using detail::expect_success;

namespace {

// MPI counts are int; longer messages go in pieces of this many bytes.
constexpr std::size_t piece_bytes = std::size_t{1} << 30;
constexpr int gather_tag = 4711;

bool mpi_is_up() {
  int initialized = 0;
  int finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  return initialized != 0 && finalized == 0;
}

/// May this process have been started as one of several ranks?
bool may_have_peers() {
#ifdef OPEN_MPI
  // Open MPI hears of other ranks from a PMIx server, which the launcher names in the environment, and is alone where
  // there is none. The other names are those of launchers that it warns or fails under.
  for (char const* const* variable = environ; *variable != nullptr; ++variable) {
    std::string_view const text = *variable;
    for (char const* start : {"PMIX_RANK=", "PMIX_NAMESPACE=", "PMI_", "OMPI_COMM_WORLD_", "SLURM_PROCID=", "PALS_",
                              "ALPS_", "FLUX_", "JSM_"}) {
      if (text.starts_with(start)) return true;
    }
  }
  return false;
#else
  return true;
#endif
}

template <class Send>
void in_pieces(std::size_t bytes, Send const& send) {
  for (std::size_t begin = 0; begin < bytes; begin += piece_bytes) {
    send(begin, static_cast<int>(std::min(piece_bytes, bytes - begin)));
  }
}

}  // namespace

struct Communicator::Group {
  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0;
  int size = 1;
  bool owned = false;

  Group() = default;
  Group(MPI_Comm group, bool is_owned) : comm(group), owned(is_owned) {
    expect_success(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    expect_success(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
    expect_success(MPI_Comm_size(comm, &size), "MPI_Comm_size");
  }
  ~Group() {
    if (owned && mpi_is_up()) MPI_Comm_free(&comm);
  }
  Group(Group const&) = delete;
  Group& operator=(Group const&) = delete;
};

Communicator Communicator::world() {
  if (!mpi_is_up()) return self();
  return Communicator(std::make_shared<Group>(MPI_COMM_WORLD, false));
}

Communicator Communicator::duplicate() const {
  if (m_group->comm == MPI_COMM_NULL) return *this;
  MPI_Comm copy = MPI_COMM_NULL;
  expect_success(MPI_Comm_dup(m_group->comm, &copy), "MPI_Comm_dup");
  return Communicator(std::make_shared<Group>(copy, true));
}

Communicator Communicator::local() const {
  if (size() == 1) return *this;
  MPI_Comm local = MPI_COMM_NULL;
  expect_success(MPI_Comm_split_type(m_group->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local),
                 "MPI_Comm_split_type");
  return Communicator(std::make_shared<Group>(local, true));
}

void Communicator::barrier() const {
  if (size() > 1) expect_success(MPI_Barrier(m_group->comm), "MPI_Barrier");
}

void Communicator::broadcast_bytes(std::span<std::byte> bytes, int root) const {
  if (size() == 1) return;
  in_pieces(bytes.size(), [&](std::size_t begin, int count) {
    expect_success(MPI_Bcast(bytes.data() + begin, count, MPI_BYTE, root, m_group->comm), "MPI_Bcast");
  });
}

void Communicator::send(std::span<std::byte const> bytes, int to) const {
  in_pieces(bytes.size(), [&](std::size_t begin, int count) {
    expect_success(MPI_Send(bytes.data() + begin, count, MPI_BYTE, to, gather_tag, m_group->comm), "MPI_Send");
  });
}

void Communicator::receive(std::span<std::byte> bytes, int from) const {
  in_pieces(bytes.size(), [&](std::size_t begin, int count) {
    expect_success(MPI_Recv(bytes.data() + begin, count, MPI_BYTE, from, gather_tag, m_group->comm, MPI_STATUS_IGNORE),
                   "MPI_Recv");
  });
}

void Communicator::gather_bytes(std::span<std::byte const> mine, std::span<std::byte> all) const {
  auto const bytes = static_cast<std::uint64_t>(mine.size());
  std::vector<std::uint64_t> sizes(static_cast<std::size_t>(size()), bytes);
  if (size() > 1) {
    expect_success(MPI_Gather(&bytes, 1, MPI_UINT64_T, sizes.data(), 1, MPI_UINT64_T, 0, m_group->comm), "MPI_Gather");
  }
  if (!is_root()) return send(mine, 0);
  std::copy(mine.begin(), mine.end(), all.begin());
  std::size_t begin = mine.size();
  for (int from = 1; from < size(); ++from) {
    auto const count = static_cast<std::size_t>(sizes[static_cast<std::size_t>(from)]);
    receive(all.subspan(begin, count), from);
    begin += count;
  }
}

void Communicator::reduce(void* values, std::size_t count, Number number, Operation operation) const {
  if (size() == 1) return;
  struct Kind {
    MPI_Datatype type;
    std::size_t bytes;
  };
  Kind const kind = number == Number::real      ? Kind{MPI_DOUBLE, sizeof(double)}
                    : number == Number::integer ? Kind{MPI_INT64_T, sizeof(std::int64_t)}
                                                : Kind{MPI_UINT64_T, sizeof(std::uint64_t)};
  MPI_Op const op = operation == Operation::sum ? MPI_SUM : operation == Operation::min ? MPI_MIN : MPI_MAX;
  in_pieces(count * kind.bytes, [&](std::size_t begin, int bytes) {
    expect_success(MPI_Allreduce(MPI_IN_PLACE, static_cast<std::byte*>(values) + begin,
                                 bytes / static_cast<int>(kind.bytes), kind.type, op, m_group->comm),
                   "MPI_Allreduce");
  });
}

std::optional<std::int64_t> Communicator::min_within(std::int64_t value, std::chrono::milliseconds patience) const {
  if (size() == 1) return value;
  struct Pending {
    std::int64_t mine = 0, least = 0;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  auto pending = std::make_unique<Pending>();
  pending->mine = value;
  expect_success(
      MPI_Iallreduce(&pending->mine, &pending->least, 1, MPI_INT64_T, MPI_MIN, m_group->comm, &pending->request),
      "MPI_Iallreduce");
  auto const begin = std::chrono::steady_clock::now();
  constexpr int tests_in_a_row = 100;  // some microseconds, in which ranks that come together are through
  for (int tests = 0, done = 0;; ++tests) {
    expect_success(MPI_Test(&pending->request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) return pending->least;
    if (tests < tests_in_a_row) continue;
    auto const waited = std::chrono::steady_clock::now() - begin;
    if (std::chrono::duration_cast<std::chrono::milliseconds>(waited) >= patience) break;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  // MPI may still write there: the memory is left to it, until the run ends.
  [[maybe_unused]] auto* const left_to_mpi = pending.release();
  return std::nullopt;
}

void Communicator::abort(int code) const {
  std::fflush(nullptr);
  if (mpi_is_up()) MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

void const* Communicator::native() const noexcept {
  return m_group->comm == MPI_COMM_NULL ? nullptr : &m_group->comm;
}

MpiSession::MpiSession(int& argc, char**& argv) : m_exceptions(std::uncaught_exceptions()) {
  int initialized = 0;
  MPI_Initialized(&initialized);
  if (initialized != 0 || !may_have_peers()) return;
  // Open MPI reads settings in the home folder, and gives up with a page of messages where there is none to look in.
  setenv("HOME", "/", 0);
  int provided = MPI_THREAD_SINGLE;
  expect_success(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  m_owner = true;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

MpiSession::~MpiSession() {
  if (!m_owner || !mpi_is_up()) return;
  if (std::uncaught_exceptions() > m_exceptions) Communicator::world().abort(EXIT_FAILURE);
  MPI_Finalize();
}

#else

struct Communicator::Group {
  int rank = 0;
  int size = 1;
};

Communicator Communicator::world() {
  return self();
}
Communicator Communicator::duplicate() const {
  return *this;
}
Communicator Communicator::local() const {
  return *this;
}
void Communicator::barrier() const {}
void Communicator::broadcast_bytes(std::span<std::byte>, int) const {}
void Communicator::send(std::span<std::byte const>, int) const {}
void Communicator::receive(std::span<std::byte>, int) const {}
void Communicator::gather_bytes(std::span<std::byte const> mine, std::span<std::byte> all) const {
  std::copy(mine.begin(), mine.end(), all.begin());
}
void Communicator::reduce(void*, std::size_t, Number, Operation) const {}
std::optional<std::int64_t> Communicator::min_within(std::int64_t value, std::chrono::milliseconds) const {
  return value;
}
void Communicator::abort(int code) const {
  std::fflush(nullptr);
  std::_Exit(code);
}
void const* Communicator::native() const noexcept {
  return nullptr;
}

MpiSession::MpiSession(int&, char**&) {}
MpiSession::~MpiSession() = default;

#endif

Communicator::Communicator(std::shared_ptr<Group const> group) : m_group(std::move(group)) {}

Communicator Communicator::self() {
  return Communicator(std::make_shared<Group>());
}

int Communicator::rank() const noexcept {
  return m_group->rank;
}
int Communicator::size() const noexcept {
  return m_group->size;
}

void Communicator::broadcast(std::string& text, int root) const {
  auto length = static_cast<std::uint64_t>(text.size());
  broadcast(length, root);
  text.resize(static_cast<std::size_t>(length));
  broadcast(std::span<char>(text), root);
}

}  // namespace kramers
