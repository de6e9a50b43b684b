// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/h5.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "scratch.hpp"
#include "small_disk.hpp"

namespace {

using kramers::Communicator;
using kramers::Error;
using kramers::IoError;
using kramers::h5::Access;
using kramers::h5::Extents;
using kramers::h5::Reader;
using kramers::h5::Writer;
using kramers::test::content;
using kramers::test::flip_bit;
using kramers::test::has;
using kramers::test::message;
using kramers::test::put;
using kramers::test::Scratch;
using kramers::test::SmallDisk;

/// Rows 0 .. rows dealt out to the ranks; the first rank gets none where there are several.
struct Rows {
  std::uint64_t first, count;
};
Rows rows_of(Communicator const& comm, std::uint64_t rows) {
  if (comm.size() == 1) return {0, rows};
  if (comm.is_root()) return {0, 0};
  auto const parts = static_cast<std::uint64_t>(comm.size() - 1);
  auto const mine = static_cast<std::uint64_t>(comm.rank() - 1);
  auto const begin = rows * mine / parts;
  return {begin, rows * (mine + 1) / parts - begin};
}

std::vector<double> ramp(std::uint64_t first, std::uint64_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), static_cast<double>(first));
  return values;
}

/// A message of whatever this rank throws: the same text on all ranks, of a type that depends on who failed.
template <class Work>
std::string failure(Work&& work) {
  return message<Error>(std::forward<Work>(work));
}

class Hdf5 : public testing::Test {
 protected:
  void SetUp() override {
    if (!kramers::h5::available()) GTEST_SKIP() << "this build has no HDF5";
  }
  Communicator world = Communicator::world();
  Scratch scratch{world};
};

class Hdf5Access : public Hdf5, public testing::WithParamInterface<Access> {};
INSTANTIATE_TEST_SUITE_P(, Hdf5Access, testing::Values(Access::parallel, Access::gathered),
                         [](auto const& each) { return each.param == Access::parallel ? "parallel" : "gathered"; });

TEST(Hdf5Absent, ABuildWithoutItSaysSo) {
  if (kramers::h5::available()) GTEST_SKIP() << "this build has HDF5";
  EXPECT_EQ(failure([] { Writer("a.h5", Communicator::self()); }), "a.h5: this build of kramers has no HDF5");
  EXPECT_EQ(failure([] { Reader("a.h5", Communicator::self()); }), "a.h5: this build of kramers has no HDF5");
}

TEST_P(Hdf5Access, EverythingWrittenComesBack) {
  auto const path = scratch / "a.h5";
  std::string const long_text(200000, 'x');
  {
    Writer file(path, world, GetParam());
    file.group("h5md/author");
    file.group("h5md");  // twice is fine
    file.attribute("h5md", "version", std::vector<std::int32_t>{1, 1});
    file.attribute("h5md/author", "name", "J\xc3\xb6rg");
    file.attribute("/", "seed", std::uint64_t{1} << 63);
    file.attribute("/", "dt", 0.1);
    file.attribute("/", "step", std::int64_t{-3});
    file.attribute("h5md", "boundary", std::vector<std::string>{"none", "periodic"});
    std::vector<double> const grid = world.is_root() ? std::vector<double>{1, 2, 3, 4, 5, 6} : std::vector<double>{};
    file.write("a/b/grid", grid, {2, 3});
    file.write("a/scalar", 2.5F);
    file.write("a/none", std::vector<std::int64_t>{}, {0, 3});
    file.write("a/bytes", std::vector<std::uint8_t>{1, 255}, {2});
    file.write("input", long_text);
    file.write("empty", "");
    file.link("a/b/grid", "c/same");
    file.commit();
  }
  Reader const file(path, world);
  EXPECT_EQ(file.attributes<std::int32_t>("h5md", "version"), (std::vector<std::int32_t>{1, 1}));
  EXPECT_EQ(file.text_attribute("h5md/author", "name"), "J\xc3\xb6rg");
  EXPECT_EQ(file.attribute<std::uint64_t>("/", "seed"), std::uint64_t{1} << 63);
  EXPECT_EQ(file.attribute<double>("/", "dt"), 0.1);
  EXPECT_EQ(file.attribute<std::int64_t>("/", "step"), -3);
  EXPECT_EQ(file.extents("a/b/grid"), (Extents{2, 3}));
  EXPECT_EQ(file.read<double>("a/b/grid"), (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(file.read<double>("c/same"), (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(file.extents("a/scalar"), Extents{});
  EXPECT_EQ(file.read<float>("a/scalar"), std::vector<float>{2.5F});
  EXPECT_EQ(file.read<std::int64_t>("a/none"), std::vector<std::int64_t>{});
  EXPECT_EQ(file.read<std::uint8_t>("a/bytes"), (std::vector<std::uint8_t>{1, 255}));
  EXPECT_EQ(file.read_text("input"), long_text);
  EXPECT_EQ(file.read_text("empty"), "");
  EXPECT_TRUE(file.has("a/b/grid"));
  EXPECT_FALSE(file.has("a/x/grid"));
  EXPECT_TRUE(file.has_attribute("a/b/grid", "checksum"));
  EXPECT_FALSE(file.has_attribute("a/b/grid", "sum"));
}

TEST_P(Hdf5Access, RowsOfAllRanksMakeOneDataset) {
  auto const path = scratch / "a.h5";
  constexpr std::uint64_t rows = 1000;
  auto const mine = rows_of(world, rows);
  {
    Writer file(path, world, GetParam());
    file.write_rows("x", ramp(mine.first, mine.count), mine.first, rows);
    file.write_rows("v", ramp(3 * mine.first, 3 * mine.count), mine.first, rows, {3});
    file.commit();
  }
  Reader const file(path, world);
  EXPECT_EQ(file.extents("v"), (Extents{rows, 3}));
  EXPECT_EQ(file.read<double>("x"), ramp(0, rows));
  EXPECT_EQ(file.read<double>("v"), ramp(0, 3 * rows));
  // The checksum depends on the content alone, not on who held what.
  EXPECT_EQ(file.attribute<std::uint64_t>("v", "checksum"), kramers::h5::checksum(ramp(0, 3 * rows)));
  // Another partition than the one written: rows backwards over the ranks.
  auto const n = static_cast<std::uint64_t>(world.size());
  auto const r = n - 1 - static_cast<std::uint64_t>(world.rank());
  auto const begin = rows * r / n;
  auto const count = rows * (r + 1) / n - begin;
  EXPECT_EQ(file.read_rows<double>("v", begin, count), ramp(3 * begin, 3 * count));
  // Not a partition: every rank the same rows.
  EXPECT_EQ(file.read_rows<double>("x", 5, 2), ramp(5, 2));
}

TEST_P(Hdf5Access, BoxesSplitTheInnerDimensions) {
  // Frames x walkers x dimensions, split by walkers.
  auto const path = scratch / "a.h5";
  constexpr std::uint64_t frames = 5, walkers = 7, dims = 2;
  auto const mine = rows_of(world, walkers);
  std::vector<float> values;
  for (std::uint64_t f = 0; f < frames; ++f) {
    for (std::uint64_t w = mine.first; w < mine.first + mine.count; ++w) {
      for (std::uint64_t d = 0; d < dims; ++d) values.push_back(static_cast<float>((f * walkers + w) * dims + d));
    }
  }
  {
    Writer file(path, world, GetParam());
    file.write_box("x", values, {0, mine.first, 0}, {frames, mine.count, dims}, {frames, walkers, dims});
    file.commit();
  }
  Reader const file(path, world);
  auto const back = file.read<float>("x");  // fails if the checksum does not come out the same
  ASSERT_EQ(back.size(), frames * walkers * dims);
  for (std::size_t i = 0; i < back.size(); ++i) EXPECT_EQ(back[i], static_cast<float>(i));
}

TEST_P(Hdf5Access, LargeRowsGoInPieces) {
  // 40 MB per rank: more than one piece of 16 MiB passes through rank 0.
  auto const path = scratch / "a.h5";
  constexpr std::uint64_t per_rank = 5000000;
  auto const rows = per_rank * static_cast<std::uint64_t>(world.size());
  auto const first = per_rank * static_cast<std::uint64_t>(world.rank());
  {
    Writer file(path, world, GetParam());
    file.write_rows("x", ramp(first, per_rank), first, rows);
    file.commit();
  }
  Reader const file(path, world);
  EXPECT_EQ(file.read_rows<double>("x", first, per_rank), ramp(first, per_rank));
}

TEST_P(Hdf5Access, NothingAppearsWithoutCommit) {
  auto const path = scratch / "a.h5";
  if (world.is_root()) put(path, "good");
  world.barrier();
  {
    Writer file(path, world, GetParam());
    file.write("x", std::vector<double>{1, 2}, {2});
    world.barrier();
    EXPECT_EQ(content(path), "good");
    EXPECT_EQ(scratch.entries(), 2u);
    world.barrier();
  }
  world.barrier();
  EXPECT_EQ(content(path), "good");
  EXPECT_EQ(scratch.entries(), 1u);
}

TEST_P(Hdf5Access, APathThatCannotBeWrittenFailsOnAllRanks) {
  auto const path = scratch / "missing" / "a.h5";
  EXPECT_EQ(failure([&] { Writer(path, world, GetParam()); }),
            path.string() + ": cannot be written: the folder " + path.parent_path().string() + " does not exist");
  EXPECT_TRUE(has(failure([&] { Writer("/dev/null", world, GetParam()); }), "not a regular file"));
}

TEST_P(Hdf5Access, ARankThatSeesAnotherFolderIsNamed) {
  auto const before = std::filesystem::current_path();
  bool const astray = world.size() > 1 && world.rank() == world.size() - 1;
  Scratch const elsewhere;
  std::filesystem::current_path(astray ? elsewhere.folder() : scratch.folder());
  auto const write = [&] {
    Writer file("a.h5", world, GetParam());
    file.write_rows("x", ramp(static_cast<std::uint64_t>(world.rank()), 1), static_cast<std::uint64_t>(world.rank()),
                    static_cast<std::uint64_t>(world.size()));
    file.commit();
  };
  if (GetParam() == Access::parallel && kramers::h5::parallel() && world.size() > 1) {
    std::string const text = failure(write);
    EXPECT_TRUE(
        has(text, "a.h5: cannot be written by all ranks together: rank " + std::to_string(world.size() - 1) + " on "))
        << text;
    EXPECT_TRUE(has(text, "does not see the file that rank 0 began")) << text;
  } else {
    write();  // rank 0 alone holds the file
  }
  std::filesystem::current_path(before);
  world.barrier();
  bool const written = GetParam() == Access::gathered || !kramers::h5::parallel() || world.size() == 1;
  EXPECT_EQ(scratch.entries(), written ? 1u : 0u);
  EXPECT_EQ(elsewhere.entries(), 0u);
}

TEST_P(Hdf5Access, AMistakeOfOneRankIsAFailureOfAll) {
  Writer file(scratch / "a.h5", world, GetParam());
  auto const n = static_cast<std::uint64_t>(world.size());
  auto const r = static_cast<std::uint64_t>(world.rank());
  bool const last = r == n - 1;
  // The last rank holds a row too many.
  EXPECT_TRUE(has(failure([&] { file.write_rows("x", ramp(r, last ? 2 : 1), r, n); }), "within the extents"));
  // The parts do not make up the whole.
  EXPECT_TRUE(has(failure([&] { file.write_rows("y", ramp(r, 1), r, n + 1); }), "the ranks' parts of y"));
  EXPECT_NE(failure([&] { file.attribute("nothing", "a", 1.0); }), "");
  EXPECT_NE(failure([&] { file.write("z", std::vector<double>{1, 2, 3}, {2}); }), "");
}

TEST_P(Hdf5Access, AFullDiskLeavesTheOldFileAndNothingElse) {
  auto const path = scratch / "a.h5";
  constexpr std::uint64_t rows = 100000;
  auto const mine = rows_of(world, rows);
  auto const write = [&] {
    Writer file(path, world, GetParam());
    file.attribute("/", "version", 1.0);
    file.write_rows("x", ramp(mine.first, mine.count), mine.first, rows);
    file.commit();
  };
  write();
  for (rlim_t const bytes : {rlim_t{0}, rlim_t{50}, rlim_t{3000}, rlim_t{400000}}) {
    std::string text;
    {
      SmallDisk const disk(bytes);
      text = failure(write);
    }
    EXPECT_EQ(text, path.string() + ": cannot be written: File too large") << bytes;
    world.barrier();
    EXPECT_EQ(scratch.entries(), 1u) << bytes;
    EXPECT_EQ(Reader(path, world).read<double>("x"), ramp(0, rows)) << bytes;
  }
  write();  // and it works again
}

TEST_F(Hdf5, MistakesOfTheReaderAreNamed) {
  auto const path = scratch / "a.h5";
  {
    Writer file(path, world);
    file.write("x", std::vector<double>{1, 2, 3}, {3});
    file.attribute("x", "unit", "kT");
    file.tag("x", "form", "k\xc3\xa9");
    file.tag("x", "nothing", "");
    file.commit();
  }
  Reader const file(path, world);
  std::string const name = path.string() + ": ";
  EXPECT_EQ(failure([&] { file.read<double>("y"); }), name + "holds no dataset 'y'");
  EXPECT_EQ(failure([&] { file.read<double>("x/y/z"); }), name + "holds no dataset 'x/y/z'");
  EXPECT_EQ(failure([&] { file.read<float>("x"); }), name + "holds 'x' in another type than float");
  EXPECT_EQ(failure([&] { file.read<std::int64_t>("x"); }), name + "holds 'x' in another type than 64-bit integer");
  EXPECT_EQ(failure([&] { static_cast<void>(file.read_text("x")); }),
            name + "holds 'x' in another type than text of fixed length");
  EXPECT_EQ(failure([&] { file.attribute<double>("x", "mass"); }), name + "holds no attribute 'mass' of 'x'");
  EXPECT_EQ(failure([&] { file.attribute<double>("x", "unit"); }), name + "holds 'unit' in another type than double");
  EXPECT_NE(failure([&] { file.read_rows<double>("x", 2, 2); }), "");
  EXPECT_NE(failure([&] { file.read_rows<double>("x", ~std::uint64_t{0}, 2); }), "");
  EXPECT_EQ(failure([&] { static_cast<void>(file.tag("x", "unit")); }),
            name + "holds 'unit' in another type than text of fixed length");
  EXPECT_EQ(file.text_attribute("x", "unit"), "kT");  // it still works
  EXPECT_EQ(file.tag("x", "form"), "k\xc3\xa9");
  EXPECT_EQ(file.text_attribute("x", "form"), "k\xc3\xa9");
  EXPECT_EQ(file.tag("x", "nothing"), "");
}

TEST_F(Hdf5, WhatIsNoHdf5FileIsSaidToBeNone) {
  if (world.is_root()) {
    put(scratch / "text.h5", "walker,x\n1,2\n");
    put(scratch / "empty.h5", "");
  }
  world.barrier();
  auto const open = [&](std::filesystem::path const& path) { return failure([&] { Reader(path, world); }); };
  EXPECT_EQ(open(scratch / "no.h5"), (scratch / "no.h5").string() + ": cannot be read: No such file or directory");
  EXPECT_TRUE(has(open(scratch / "text.h5"), "is not an HDF5 file"));
  EXPECT_TRUE(has(open(scratch / "empty.h5"), "is not an HDF5 file"));
  EXPECT_TRUE(has(open(scratch.folder()), "not a regular file"));
}

TEST_F(Hdf5, ATruncatedFileIsSaidToBeSo) {
  auto const path = scratch / "a.h5";
  {
    Writer file(path, world);
    file.write("x", ramp(0, 10000), {10000});
    file.commit();
  }
  std::string const whole = content(path);
  for (std::size_t const length : {whole.size() - 1, whole.size() / 2, std::size_t{100}}) {
    if (world.is_root()) put(scratch / "cut.h5", whole.substr(0, length));
    world.barrier();
    EXPECT_EQ(failure([&] { Reader(scratch / "cut.h5", world); }),
              (scratch / "cut.h5").string() + ": is truncated: use a whole copy of it, or start without it");
    world.barrier();
  }
}

TEST_F(Hdf5, ADamagedByteNeverChangesAResult) {
  if (world.size() > 1 || std::getenv("PMIX_RANK") != nullptr) GTEST_SKIP() << "the same in one process without MPI";
#ifdef __SANITIZE_ADDRESS__
  constexpr std::size_t stride = 3;  // sanitizers look at what is done with a byte, which neighbours share
#else
  constexpr std::size_t stride = 1;
#endif
  auto const path = scratch / "a.h5";
  auto const self = Communicator::self();
  auto const x = ramp(0, 100);
  {
    Writer file(path, self);
    file.write("x", x, {100});
    file.attribute("/", "step", std::int64_t{1234567});
    file.write("text", std::string_view("what is read must be what was written"));
    file.write_rows("rows", ramp(0, 20000), 0, 20000);
    file.commit();
  }
  std::size_t const size = content(path).size();
  int refused = 0;
  // Every byte but most of those of the rows.
  for (std::size_t at = 0; at < size; at += at > 4000 && at < 160000 ? 499 : stride) {
    flip_bit(path, at, static_cast<int>(at % 8));
    try {
      Reader const file(path, self);
      auto const step = file.attribute<std::int64_t>("/", "step");
      auto const back = file.read<double>("x");
      EXPECT_EQ(step, 1234567) << "byte " << at;
      EXPECT_EQ(back, x) << "byte " << at;
      EXPECT_EQ(file.read_text("text"), "what is read must be what was written") << "byte " << at;
      EXPECT_EQ(file.read_rows<double>("rows", 8000, 1000), ramp(8000, 1000)) << "byte " << at;
    } catch (Error const&) {
      ++refused;
    }
    flip_bit(path, at, static_cast<int>(at % 8));
  }
  EXPECT_GT(refused, 800 / stride);  // those of x alone
}

/// A copy of a file in which one byte of the dataset "x", which is a ramp, is another: that of this row.
void damage(std::filesystem::path const& whole, std::filesystem::path const& copy, std::uint64_t row) {
  std::string bytes = content(whole);
  auto const start = ramp(0, 16);
  auto const at = bytes.find(std::string(reinterpret_cast<char const*>(start.data()), 8 * start.size()));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 8 * row + 6] ^= 0x10;
  put(copy, bytes);
}

TEST_P(Hdf5Access, APartIsCheckedWithTheBlocksAroundIt) {
  constexpr std::uint64_t rows = 100000, block = 8192;  // of 64 KiB
  auto const path = scratch / "a.h5", copy = scratch / "b.h5";
  auto const mine = rows_of(world, rows);
  {
    Writer file(path, world, GetParam());
    file.write_rows("x", ramp(mine.first, mine.count), mine.first, rows);
    file.commit();
  }
  std::string const said = copy.string() + ": is damaged: the data of 'x' do not match their checksum";
  for (std::uint64_t const row : {std::uint64_t{0}, block - 1, 5 * block + 17, rows - 1}) {
    if (world.is_root()) damage(path, copy, row);
    world.barrier();
    Reader const file(copy, world);
    std::uint64_t const first = row / block * block, last = std::min(first + block, rows);
    auto const part = [&](std::uint64_t begin, std::uint64_t count) {
      return failure([&] { EXPECT_EQ(file.read_rows<double>("x", begin, count), ramp(begin, count)); });
    };
    EXPECT_EQ(part(first, 1), said) << row;
    EXPECT_EQ(part(last - 1, 1), said) << row;
    if (first > 0) {
      EXPECT_EQ(part(first - 1, 1), "") << row;
      EXPECT_EQ(part(first - 1, 2), said) << row;
    }
    if (last < rows) {
      EXPECT_EQ(part(last, rows - last), "") << row;
    }
    world.barrier();
  }
}

TEST_F(Hdf5, APartOfADatasetWithoutBlocksIsCheckedWithTheWhole) {
  auto const path = scratch / "a.h5", copy = scratch / "b.h5";
  {
    Writer file(path, world);
    file.write("x", ramp(0, 3000000), {1000000, 3});
    file.commit();
  }
  EXPECT_EQ(Reader(path, world).read_rows<double>("x", 77, 2), ramp(3 * 77, 6));
  if (world.is_root()) damage(path, copy, 2999999);
  world.barrier();
  EXPECT_TRUE(has(failure([&] { Reader(copy, world).read_rows<double>("x", 77, 2); }), "do not match their checksum"));
}

TEST_F(Hdf5, WhatIsThereIsComparedWithWhatIsExpected) {
  auto const path = scratch / "a.h5";
  {
    Writer file(path, world);
    file.write("b/x", std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2});
    file.write("b/a", std::vector<double>{}, {0});
    file.write("text", std::string_view("words"));
    file.commit();
  }
  Reader const file(path, world);
  EXPECT_EQ(file.members("/"), (std::vector<std::string>{"b", "text"}));
  EXPECT_EQ(file.members("b"), (std::vector<std::string>{"a", "x"}));
  file.expect<float>("b/x", {3, 2});
  file.expect<double>("b/a", {0});
  std::string const name = path.string() + ": ";
  EXPECT_EQ(failure([&] { file.expect<float>("b/x", {2, 3}); }),
            name + "is damaged: 'b/x' has extents (3, 2), want (2, 3)");
  EXPECT_EQ(failure([&] { file.expect<double>("b/x", {3, 2}); }), name + "holds 'b/x' in another type than double");
  EXPECT_EQ(failure([&] { file.expect<float>("b", {}); }), name + "holds 'b', but not as a dataset that can be read");
  EXPECT_EQ(failure([&] { file.members("text"); }), name + "holds 'text', but not as a group that can be read");
  EXPECT_EQ(failure([&] { file.members("c"); }), name + "holds no 'c'");
}

TEST(Checksum, PartsAddUpAndPlaceCounts) {
  std::vector<double> const values = {1, 2, 3, 4};
  auto const part = [&](std::size_t first, std::size_t count) {
    return kramers::h5::checksum(std::span<double const>(values).subspan(first, count), first);
  };
  auto const whole = kramers::h5::checksum(values);
  EXPECT_EQ(part(0, 1) + part(1, 3), whole);
  EXPECT_NE(kramers::h5::checksum(std::vector<double>{2, 1, 3, 4}), whole);
  EXPECT_NE(kramers::h5::checksum(std::vector<double>{1, 2, 3}), whole);
  EXPECT_NE(kramers::h5::checksum(std::vector<double>{0.0}), kramers::h5::checksum(std::vector<double>{-0.0}));
  EXPECT_EQ(kramers::h5::checksum(std::vector<double>{}), 0u);
}

}  // namespace
