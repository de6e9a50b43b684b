// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>
#include <kramers/runtime/json_file.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "scratch.hpp"

namespace {

using kramers::FileUse;
using kramers::InputError;
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

TEST(File, AFileOfTheLargestSizeAllowedIsRead) {
  Scratch const scratch;
  put(scratch / "a.txt", "ten bytes.");
  EXPECT_EQ(kramers::read_text(scratch / "a.txt", 10), "ten bytes.");
  EXPECT_EQ(kramers::read_input(scratch / "a.txt", 10), "ten bytes.");
  EXPECT_TRUE(has(message<IoError>([&] { kramers::read_text(scratch / "a.txt", 9); }), "larger than 9 bytes"));
  EXPECT_TRUE(has(message<InputError>([&] { kramers::read_input(scratch / "a.txt", 9); }), "larger than 9 bytes"));
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

TEST(File, ALinkToWhatIsStillToComeStaysALink) {
  Scratch const scratch;
  std::filesystem::create_directory(scratch / "folder");
  std::filesystem::create_symlink("folder/real.txt", scratch / "link.txt");
  kramers::write_text_atomically(scratch / "link.txt", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(scratch / "link.txt"));
  EXPECT_EQ(content(scratch / "folder" / "real.txt"), "new");
  std::filesystem::create_symlink("absent/real.txt", scratch / "lost.txt");
  EXPECT_TRUE(has(message<IoError>([&] { kramers::write_text_atomically(scratch / "lost.txt", "new"); }),
                  "absent does not exist"));
  std::filesystem::create_symlink("loop.txt", scratch / "loop.txt");
  EXPECT_TRUE(has(message<IoError>([&] { kramers::write_text_atomically(scratch / "loop.txt", "new"); }),
                  "Too many levels of symbolic links"));
  EXPECT_TRUE(std::filesystem::is_symlink(scratch / "loop.txt"));
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
  auto const require_writable = [](std::filesystem::path const& path, FileUse use = FileUse::writes_data) {
    kramers::require_usable({{"--output", path, use}});
  };
  EXPECT_NO_THROW(require_writable(scratch / "a.h5"));
  EXPECT_EQ(scratch.entries(), 0u);
  auto const refused = [&](std::filesystem::path const& path) {
    return message<IoError>([&] { require_writable(path); });
  };
  auto const missing = scratch / "missing";
  EXPECT_EQ(refused(missing / "a.h5"),
            (missing / "a.h5").string() + ": cannot be written: the folder " + missing.string() + " does not exist");
  EXPECT_TRUE(has(refused("/dev/null"), "not a regular file"));
  EXPECT_NO_THROW(require_writable("/dev/null", FileUse::writes));
  EXPECT_NO_THROW(require_writable(missing / "a.h5", FileUse::may_write));
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

TEST(File, APipeIsReadIfAnythingIsWritten) {
  Scratch const scratch;
  auto const pipe = scratch / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(has(message<IoError>([&] { kramers::read_text(pipe); }), "nothing is written into this pipe"));
  std::thread writer([&] { put(pipe, std::string(100000, 'x')); });  // more than a pipe holds
  std::string text;
  while (text.empty()) {
    try {
      text = kramers::read_text(pipe);
    } catch (IoError const&) {  // the writer is not there yet
      std::this_thread::yield();
    }
  }
  writer.join();
  EXPECT_EQ(text, std::string(100000, 'x'));
}

TEST(File, AWrongInputIsWrongInput) {
  Scratch const scratch;
  auto const path = scratch / "no";
  EXPECT_EQ(message<InputError>([&] { kramers::read_input(path); }),
            path.string() + ": cannot be read: No such file or directory");
  auto const refused = [](std::filesystem::path const& data) {
    return message<InputError>([&] { kramers::require_usable({{"DATASET", data, FileUse::reads_data}}); });
  };
  EXPECT_EQ(refused(path), path.string() + ": cannot be read: No such file or directory");
  EXPECT_TRUE(has(refused("/dev/null"), "not a regular file"));
}

/// "invalid ROLE: got PATH; expected a file other than ROLE (PATH), which is ...", or nothing.
std::string conflict(std::vector<kramers::NamedFile> const& files) {
  return message<kramers::UsageError>([&] { kramers::require_usable(files); });
}

TEST(File, WhatIsWrittenIsNoOtherFileOfTheRun) {
  Scratch const scratch;
  auto const input = scratch / "in.toml", output = scratch / "out.h5";
  put(input, "");
  EXPECT_EQ(conflict({{"INPUT", input, FileUse::reads}, {"--output", input, FileUse::writes_data}}),
            "invalid --output: got " + input.string() + "; expected a file other than INPUT (" + input.string() +
                "), which is read");
  std::filesystem::create_symlink("in.toml", scratch / "link");
  std::filesystem::create_hard_link(input, scratch / "twin");
  std::filesystem::create_directory_symlink(".", scratch / "folder");
  for (auto const* name : {"link", "twin", "./in.toml", "folder/in.toml"}) {
    EXPECT_TRUE(has(conflict({{"--summary", scratch / name, FileUse::writes}, {"INPUT", input, FileUse::reads}}),
                    "which is read"))
        << name;
  }
  // Of files that are still to come only the names can be compared.
  std::filesystem::create_directory(scratch / "sub");
  std::filesystem::create_symlink("out.h5", scratch / "dangling");
  for (auto const* name : {"out.h5", "folder/out.h5", "./sub/../out.h5", "dangling"}) {
    EXPECT_TRUE(has(conflict({{"--output", output, FileUse::writes_data}, {"b", scratch / name, FileUse::may_write}}),
                    "invalid b: got " + (scratch / name).string()))
        << name;
  }
  EXPECT_EQ(content(input), "");
  EXPECT_FALSE(std::filesystem::exists(output));
}

TEST(File, FilesThatMayBeTheSame) {
  Scratch const scratch;
  auto const input = scratch / "in.toml";
  put(input, "");
  EXPECT_EQ(conflict({{"DATASET", input, FileUse::reads_data}, {"INPUT", input, FileUse::reads}}), "");
  EXPECT_EQ(conflict({{"INPUT", "/dev/null", FileUse::reads},
                      {"--summary", "/dev/null", FileUse::writes},
                      {"--model", "/dev/null", FileUse::writes}}),
            "");
  EXPECT_EQ(conflict({{"INPUT", input, FileUse::reads},
                      {"--output", scratch / "a.h5", FileUse::writes_data},
                      {"--summary", scratch / "a.json", FileUse::writes}}),
            "");
  EXPECT_EQ(scratch.entries(), 1u);
}

/// Begin a file in another process, which then ends without a word.
pid_t begin_elsewhere(std::filesystem::path const& path) {
  pid_t const child = fork();
  if (child == 0) {
    new kramers::PendingFile(path);  // whose destructor is not reached
    _exit(0);
  }
  return child;
}

/// The name that stays of such a file.
std::filesystem::path begin_and_die(std::filesystem::path const& path) {
  waitpid(begin_elsewhere(path), nullptr, 0);
  for (auto const& entry : std::filesystem::directory_iterator(path.parent_path())) {
    if (entry.path().extension() == ".part") return entry.path();
  }
  return {};
}

std::vector<std::string> notes_of(std::filesystem::path const& path) {
  return kramers::require_usable({{"--output", path, FileUse::writes_data}});
}

TEST(File, WhatADeadProcessLeftIsRemoved) {
  Scratch const scratch;
  auto const path = scratch / "run.v1.h5";
  auto const left = begin_and_die(path);
  ASSERT_FALSE(left.empty());
  put(left, "half");
  EXPECT_TRUE(notes_of(scratch / "run").empty());  // a file of its own
  EXPECT_TRUE(notes_of(scratch / "run.v1").empty());
  EXPECT_TRUE(std::filesystem::exists(left));
  EXPECT_EQ(notes_of(path),
            std::vector<std::string>{"removed " + left.string() + ", left behind by a process that was killed"});
  EXPECT_EQ(scratch.entries(), 0u);
}

TEST(File, WhatAProcessLeftIsRemovedBeforeItsParentAsks) {
  Scratch const scratch;
  auto const path = scratch / "run.h5";
  pid_t const child = begin_elsewhere(path);
  siginfo_t ended{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(scratch.entries(), 1u);
  EXPECT_EQ(notes_of(path).size(), 1u);
  EXPECT_EQ(scratch.entries(), 0u);
  waitpid(child, nullptr, 0);
}

TEST(File, AFormerFileIsKeptUnderTheNextNumber) {
  Scratch const scratch;
  auto const path = scratch / "run.h5";
  EXPECT_FALSE(kramers::keep_former(path));  // nothing to keep
  put(path, "one");
  EXPECT_EQ(kramers::keep_former(path), scratch / "run.h5.~1~");
  EXPECT_EQ(content(path), "one");                                // no moment without the file
  EXPECT_EQ(kramers::keep_former(path), scratch / "run.h5.~1~");  // as after a write that failed
  kramers::write_text_atomically(path, "two");
  EXPECT_EQ(content(scratch / "run.h5.~1~"), "one");
  EXPECT_EQ(kramers::keep_former(path), scratch / "run.h5.~2~");
  kramers::write_text_atomically(path, "three");
  EXPECT_EQ(scratch.entries(), 3u);
}

TEST(File, ANumberIsNeverUsedTwice) {
  Scratch const scratch;
  auto const path = scratch / "run.h5";
  put(path, "new");
  // What is no such number does not count.
  for (char const* name : {"run.h5.~9~", "run.h5.~10~x", "run.h5.~012~", "run.h5.~~", "run.h5.~", "run.h5.~11",
                           "run.h5.~99999999999999999999~", "other.h5.~20~", "run.h5.~-3~"}) {
    put(scratch / name, "old");
  }
  std::filesystem::create_symlink("absent", scratch / "run.h5.~3~");
  EXPECT_EQ(kramers::keep_former(path), scratch / "run.h5.~10~");
  EXPECT_EQ(content(scratch / "run.h5.~9~"), "old");
  std::filesystem::create_directory(scratch / "run.h5.~11~");
  kramers::write_text_atomically(path, "newer");
  EXPECT_EQ(kramers::keep_former(path), scratch / "run.h5.~12~");
}

TEST(File, TheFormerFileOfALinkIsBesideIt) {
  Scratch const scratch;
  std::filesystem::create_directory(scratch / "far");
  put(scratch / "far" / "run.h5", "one");
  std::filesystem::create_symlink("far/run.h5", scratch / "link");
  EXPECT_EQ(kramers::keep_former(scratch / "link"), scratch / "far" / "run.h5.~1~");
  EXPECT_TRUE(std::filesystem::is_symlink(scratch / "link"));
}

TEST(File, OnlyRegularFilesAreKept) {
  Scratch const scratch;
  ASSERT_EQ(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("absent", scratch / "link");
  for (std::filesystem::path const& path :
       {scratch / "pipe", scratch / "link", std::filesystem::path("/dev/null"), std::filesystem::path("/dev/stdout")}) {
    EXPECT_FALSE(kramers::keep_former(path)) << path;
  }
  EXPECT_EQ(scratch.entries(), 2u);
}

TEST(File, WhatCannotBeKeptIsNotReplaced) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  Scratch const scratch;
  auto const path = scratch / "run.h5";
  put(path, "one");
  std::filesystem::permissions(scratch / ".", std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_EQ(
      message<IoError>([&] { kramers::keep_former(path); }),
      path.string() + ": cannot be kept as run.h5.~1~: Permission denied; make room, or let --overwrite replace it");
  std::filesystem::permissions(scratch / ".", std::filesystem::perms::owner_all);
  EXPECT_EQ(content(path), "one");
}

TEST(File, WhatALiveProcessWritesStays) {
  Scratch const scratch;
  auto const path = scratch / "run.h5";
  kramers::PendingFile const pending(path);
  EXPECT_TRUE(notes_of(path).empty());
  EXPECT_TRUE(std::filesystem::exists(pending.temporary()));
}

TEST(File, OnlyAProcessOfThisMachineIsKnownToBeDead) {
  Scratch const scratch;
  auto const path = scratch / "run.h5";
  std::string const left = begin_and_die(path).filename().string();
  ASSERT_EQ(left.find(".run.h5."), 0u);
  // The first digit of another machine's number.
  auto const other = scratch / (".run.h5." + std::string(left[8] == '1' ? "2" : "1") + left.substr(9));
  std::filesystem::rename(scratch / left, other);
  auto const notes = notes_of(path);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0], other.string() +
                          " may be left over from a process that was killed on another machine; delete it " +
                          "if none writes " + path.string() + " now");
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST(File, AProcessNumberThatIsUsedAgainIsAnotherProcess) {
  Scratch const scratch;
  auto const path = scratch / "run.h5";
  std::string name;
  {
    kramers::PendingFile const mine(path);
    name = mine.temporary().filename().string();  // .run.h5.MACHINE.PROCESS.START.RANDOM.part
  }
  auto const start = name.find('.', name.find('.', 8) + 1) + 1;
  name.insert(start, "1");
  put(scratch / name, "half");
  EXPECT_EQ(notes_of(path).size(), 1u);
  EXPECT_EQ(scratch.entries(), 0u);
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
