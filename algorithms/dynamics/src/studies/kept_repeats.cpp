// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>
#include <kramers/dynamics/studies/kept_repeats.hpp>
#include <kramers/runtime/h5.hpp>

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "rare_rows.hpp"

namespace kramers::dynamics {

namespace fs = std::filesystem;

namespace {

constexpr char batch_name[] = "repeats_";

/// repeats_NUMBER.h5, and nothing that a user calls alike.
bool is_batch(std::string_view name) {
  if (!name.starts_with(batch_name) || !name.ends_with(".h5")) return false;
  name.remove_prefix(sizeof batch_name - 1);
  name.remove_suffix(3);
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}
/// Of a file that a killed process was about to write here.
bool is_part(std::string const& name) {
  return (name.starts_with(std::string(".") + batch_name) || name.starts_with(".input.")) && name.ends_with(".part");
}

}  // namespace

KeptRepeats::KeptRepeats(fs::path folder, std::string fingerprint)
    : m_folder(std::move(folder)), m_fingerprint(std::move(fingerprint)) {}

fs::path KeptRepeats::input() const {
  return m_folder / "input.h5";
}

std::vector<fs::path> KeptRepeats::batches() const {
  std::vector<fs::path> all;
  std::error_code ignored;
  for (fs::directory_entry const& entry : fs::directory_iterator(m_folder, ignored)) {
    if (is_batch(entry.path().filename().string())) all.push_back(entry.path());
  }
  std::ranges::sort(all);
  return all;
}

void KeptRepeats::begin(std::int64_t replicas) const {
  std::error_code problem;
  fs::create_directory(m_folder, problem);
  if (problem) {
    throw IoError(m_folder.string(),
                  "cannot be made (" + problem.message() + "); name another place by checkpoint.folder");
  }
  if (fs::exists(input()) || !batches().empty()) {
    throw UsageError(printable(m_folder.string()) +
                     " holds what an earlier run has found; go on with --resume, or remove it to start anew");
  }
  h5::Writer file(input(), Communicator::self());
  file.write("fingerprint", std::string_view(m_fingerprint));
  file.write("replicas", replicas);
  file.commit();
}

KeptRepeats::Found KeptRepeats::read(SplittingParams const& params) const {
  if (!fs::exists(input())) {
    throw InputError(m_folder.string(), 0, "holds no repeats to go on from; leave out --resume");
  }
  h5::Reader const head(input(), Communicator::self());
  if (head.read_text("fingerprint") != m_fingerprint) {
    throw InputError(m_folder.string(), 0,
                     "belongs to a run of another input; resume with the input that started it, or remove the folder "
                     "to start anew");
  }
  auto const replicas = head.read<std::int64_t>("replicas");
  if (replicas.size() != 1 || replicas[0] < 2 || replicas[0] > (std::int64_t{1} << 30)) {
    throw IoError(input().string(), "is damaged: its 'replicas' is none of a run");
  }
  Found found{replicas[0], {}};
  std::vector<bool> is_there(static_cast<std::size_t>(params.repeats), false);
  for (fs::path const& path : batches()) {
    h5::Reader const file(path, Communicator::self());
    std::string const damage = "is damaged: it holds no repeats of this run";
    if (file.read_text("fingerprint") != m_fingerprint) throw IoError(path.string(), damage);
    detail::RepeatRows const rows{file.read<std::int64_t>("number"), file.read<double>("numbers"),
                                  file.read<double>("late_shares"), file.read<std::uint32_t>("durations"),
                                  file.read<std::int64_t>("lines")};
    std::vector<NumberedRepeat> some;
    try {
      some = rows.repeats(params.passage);
    } catch (Error const&) {
      throw IoError(path.string(), damage);
    }
    for (NumberedRepeat& one : some) {
      if (one.number < 0 || one.number >= params.repeats || is_there[static_cast<std::size_t>(one.number)]) {
        throw IoError(path.string(), damage);
      }
      is_there[static_cast<std::size_t>(one.number)] = true;
      found.repeats.push_back(std::move(one));
    }
  }
  return found;
}

void KeptRepeats::keep(std::vector<NumberedRepeat> const& repeats) const {
  if (repeats.empty()) return;
  detail::RepeatRows rows;
  for (NumberedRepeat const& one : repeats) rows.add(one);
  h5::Writer file(m_folder / (batch_name + std::to_string(repeats.front().number) + ".h5"), Communicator::self());
  std::uint64_t const count = rows.number.size();
  file.write("fingerprint", std::string_view(m_fingerprint));
  file.write("number", rows.number, {count});
  file.write("numbers", rows.numbers, {count, rows.numbers.size() / count});
  file.write("late_shares", rows.late_shares, {count});
  file.write("durations", rows.durations, {rows.durations.size()});
  file.write("lines", rows.lines, {rows.lines.size()});
  file.commit();
}

void KeptRepeats::remove() const {
  std::error_code ignored;
  for (fs::directory_entry const& entry : fs::directory_iterator(m_folder, ignored)) {
    if (is_part(entry.path().filename().string())) fs::remove(entry.path(), ignored);
  }
  for (fs::path const& path : batches()) fs::remove(path, ignored);
  fs::remove(input(), ignored);
  fs::remove(m_folder, ignored);
}

}  // namespace kramers::dynamics
