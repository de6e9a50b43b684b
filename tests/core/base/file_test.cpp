// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>
#include <kramers/runtime/json_file.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <limits>
#include <string>

#include "scratch.hpp"

namespace {

using kramers::IoError;
using kramers::test::content;
using kramers::test::has;
using kramers::test::message;
using kramers::test::put;
using kramers::test::Scratch;

TEST(File, TextIsReplacedWhole) {
  Scratch const scratch;
  auto const path = scratch / "a.txt";
  kramers::write_text_atomically(path, "one");
  EXPECT_EQ(content(path), "one");
  kramers::write_text_atomically(path, std::string(100000, 'x'));
  EXPECT_EQ(kramers::read_text(path), std::string(100000, 'x'));
  EXPECT_EQ(scratch.entries(), 1u);  // no temporary file is left
}

TEST(File, WithoutCommitTheOldFileStaysAndNothingElse) {
  Scratch const scratch;
  auto const path = scratch / "a.txt";
  put(path, "good");
  {
    kramers::PendingFile pending(path);
    put(pending.temporary(), "half");
    EXPECT_EQ(content(path), "good");
    EXPECT_EQ(scratch.entries(), 2u);
  }
  EXPECT_EQ(content(path), "good");
  EXPECT_EQ(scratch.entries(), 1u);
}

TEST(File, ALinkStaysALink) {
  Scratch const scratch;
  put(scratch / "real.txt", "old");
  std::filesystem::create_symlink("real.txt", scratch / "link.txt");
  kramers::write_text_atomically(scratch / "link.txt", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(scratch / "link.txt"));
  EXPECT_EQ(content(scratch / "real.txt"), "new");
}

TEST(File, PipesAndDevicesAreWrittenThrough) {
  Scratch const scratch;
  auto const pipe = scratch / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  int const reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK);  // before the writer, which would wait for it
  ASSERT_GE(reader, 0);
  kramers::write_text_atomically(pipe, "through");
  std::array<char, 16> got{};
  EXPECT_EQ(read(reader, got.data(), got.size()), 7);
  EXPECT_STREQ(got.data(), "through");
  close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  EXPECT_NO_THROW(kramers::write_text_atomically("/dev/null", "nothing"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_EQ(scratch.entries(), 1u);
}

TEST(File, AnOpenFileOfThisProcessIsAppendedTo) {
  Scratch const scratch;
  auto const path = scratch / "out.txt";
  put(path, "old ");
  int const file = open(path.c_str(), O_WRONLY | O_APPEND);
  ASSERT_GE(file, 0);
  std::filesystem::create_symlink("/dev/fd/" + std::to_string(file), scratch / "stdout");  // as /dev/stdout is one
  kramers::write_text_atomically(scratch / "stdout", "new ");
  EXPECT_EQ(write(file, "more", 4), 4);  // it is the same file still
  close(file);
  EXPECT_EQ(content(path), "old new more");
}

TEST(File, WhatCannotBeWrittenIsSaidBeforehand) {
  Scratch const scratch;
  EXPECT_NO_THROW(kramers::require_writable(scratch / "a.h5"));
  EXPECT_EQ(scratch.entries(), 0u);
  auto const refused = [](std::filesystem::path const& path) {
    return message<IoError>([&] { kramers::require_writable(path); });
  };
  auto const missing = scratch / "missing";
  EXPECT_EQ(refused(missing / "a.h5"),
            (missing / "a.h5").string() + ": cannot be written: the folder " + missing.string() + " does not exist");
  EXPECT_TRUE(has(refused("/dev/null"), "not a regular file"));
  EXPECT_TRUE(has(refused(scratch.folder()), "not a regular file"));
  EXPECT_TRUE(has(refused(scratch.folder().string() + "/"), "does not name a file"));
  EXPECT_TRUE(has(refused(scratch / std::string(250, 'n')), "File name too long"));
  put(scratch / "file", "");
  EXPECT_TRUE(has(refused(scratch / "file" / "a.h5"), "cannot be written"));
  if (geteuid() == 0) return;  // nothing is forbidden to root
  std::filesystem::permissions(scratch.folder(),
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_TRUE(has(refused(scratch / "a.h5"), "Permission denied"));
  std::filesystem::permissions(scratch.folder(), std::filesystem::perms::owner_all);
}

TEST(File, AFullDiskLeavesTheOldFile) {
  Scratch const scratch;
  auto const path = scratch / "a.txt";
  kramers::write_text_atomically(path, "good");
  // A limit on the size of files stands for the full disk: the write fails in the same place.
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit const small{1000, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string const text = message<IoError>([&] { kramers::write_text_atomically(path, std::string(5000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(text, path.string() + ": cannot be written: File too large");
  EXPECT_EQ(content(path), "good");
  EXPECT_EQ(scratch.entries(), 1u);
}

TEST(File, ReadingSaysWhatIsWrong) {
  Scratch const scratch;
  EXPECT_EQ(message<IoError>([&] { kramers::read_text(scratch / "no"); }),
            (scratch / "no").string() + ": cannot be read: No such file or directory");
  EXPECT_TRUE(has(message<IoError>([&] { kramers::read_text(scratch.folder()); }), "Is a directory"));
  EXPECT_TRUE(has(message<IoError>([&] { kramers::read_text("/dev/zero", 1000); }), "larger than 1000 bytes"));
}

TEST(File, JsonHasNullForWhatIsNotFinite) {
  Scratch const scratch;
  auto const path = scratch / "a.json";
  kramers::write_json_atomically(path, {{"nan", std::numeric_limits<double>::quiet_NaN()},
                                        {"inf", std::numeric_limits<double>::infinity()},
                                        {"tenth", 0.1},
                                        {"bytes", "\xff"}});
  auto const back = nlohmann::json::parse(content(path));
  EXPECT_TRUE(back["nan"].is_null());
  EXPECT_TRUE(back["inf"].is_null());
  EXPECT_EQ(back["tenth"].get<double>(), 0.1);
  EXPECT_EQ(back["bytes"].get<std::string>(), "\xef\xbf\xbd");
}

}  // namespace
