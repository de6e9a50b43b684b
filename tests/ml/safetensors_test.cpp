// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/safetensors.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace {

using namespace kramers::ml::safetensors;
using kramers::DomainError;
using kramers::IoError;
using kramers::test::content;
using kramers::test::has;
using kramers::test::message;
using kramers::test::put;
using kramers::test::Scratch;

Content example() {
  Content example;
  example.tensors["b"] = Tensor::of<std::int64_t>({}, {-2});
  example.tensors["a"] = Tensor::of<float>({1, 2}, {1.0F, -0.5F});
  example.tensors["w"] = Tensor::of<float>({2}, {0.0F, 2.0F});
  example.metadata["key"] = "\"text\"";
  return example;
}

/// A file with this header and so many bytes of data.
std::string file(std::string const& header, std::size_t data_bytes) {
  std::uint64_t const length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\0');
}

/// What the reader says to that file.
std::string complaint(std::string const& header, std::size_t data_bytes) {
  return message<IoError>([&] { parse(file(header, data_bytes), "m.safetensors"); });
}

std::string entry(std::string const& dtype, std::string const& shape, std::string const& offsets) {
  return R"({"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST(Safetensors, BytesAreThoseOfTheFormat) {
  // The length, the header with its padding to 64 bytes, the 8-byte numbers, then the 4-byte ones by name.
  std::string const header = R"({"__metadata__":{"key":"\"text\"","kramers.checksum":"7bd13300"},)"
                             R"("b":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                             R"("a":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},)"
                             R"("w":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}})";
  ASSERT_LE(header.size(), 248u);
  std::string const length("\xf8\0\0\0\0\0\0\0", 8);
  std::string const data(
      "\xfe\xff\xff\xff\xff\xff\xff\xff\x00\x00\x80\x3f\x00\x00\x00\xbf\x00\x00\x00\x00\x00\x00\x00\x40", 24);
  EXPECT_EQ(to_bytes(example()), length + header + std::string(248 - header.size(), ' ') + data);
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  Scratch const scratch;
  auto const path = scratch / "m.safetensors";
  Content everything = example();
  double const infinity = std::numeric_limits<double>::infinity();
  everything.tensors["f64"] = Tensor::of<double>({2, 1, 2}, {0.1, -0.0, infinity, 5e-324});
  everything.tensors["u64"] = Tensor::of<std::uint64_t>({1}, {~std::uint64_t{0}});
  everything.tensors["empty"] = Tensor::of<float>({3, 0}, {});
  everything.tensors["halves"] = Tensor{Dtype::f16, {3}, std::vector<std::byte>(6, std::byte{1})};
  everything.tensors["\xc3\xa9 \"\n"] = Tensor::of<float>({}, {1.0F});
  everything.metadata[""] = "\xe2\x82\xac\n";
  write(path, everything);
  EXPECT_EQ(read(path), everything);
  EXPECT_EQ(content(path), to_bytes(everything));
  EXPECT_EQ(parse(content(path), "m"), everything);
  EXPECT_EQ(read(path).tensors.at("f64").values<double>(), (std::vector<double>{0.1, -0.0, infinity, 5e-324}));
  EXPECT_EQ(scratch.entries(), 1u);

  write(path, Content{});
  EXPECT_EQ(read(path), Content{});
}

TEST(Safetensors, FilesOfOthersAreRead) {
  // No metadata, no padding, entries in any order, white space, arrays that are not aligned, types we do not use.
  Content const found =
      parse(file(R"({ "z" : )" + entry(R"("F32")", "[1]", "[3, 7]") + R"(, "a":)" + entry(R"("BF16")", "[1]", "[1,3]") +
                     R"(,"e":)" + entry(R"("F64")", "[0,18446744073709551615]", "[3,3]") + R"(,"s":)" +
                     entry(R"("BOOL")", "[]", "[0,1]") + "}  \n",
                 7),
            "m");
  EXPECT_EQ(found.tensors.size(), 4u);
  EXPECT_EQ(found.tensors.at("z").values<float>(), std::vector<float>{0});
  EXPECT_EQ(found.tensors.at("a").dtype, Dtype::bf16);
  EXPECT_EQ(found.tensors.at("e").size(), 0u);
  EXPECT_EQ(found.tensors.at("s").shape, Shape{});
  EXPECT_EQ(parse(file("{}", 0), "m"), Content{});
}

TEST(Safetensors, FilesThatAreNoneOrCutOffAreRefused) {
  auto const refused = [](std::string const& bytes) { return message<IoError>([&] { parse(bytes, "m"); }); };
  EXPECT_EQ(refused(""), "m: no safetensors file: it has 0 bytes, want at least 8");
  EXPECT_EQ(refused("1234567"), "m: no safetensors file: it has 7 bytes, want at least 8");
  EXPECT_EQ(refused(std::string("\x03\0\0\0\0\0\0\0{}", 10)),
            "m: truncated, or no safetensors file: it asks for a header of 3 bytes and has 2");
  EXPECT_EQ(refused(std::string(8, '\xff') + "{}"),
            "m: no safetensors file: it asks for a header of 18446744073709551615 bytes, want at most 100000000");
  EXPECT_EQ(refused(std::string(8, '\0')), "m: no safetensors file: its header does not begin with '{'");
  EXPECT_TRUE(has(refused(file("[]", 0)), "does not begin with '{'"));
  EXPECT_EQ(refused(file("{}}", 0)), "m: the header is no JSON from its byte 3 on");
  EXPECT_EQ(refused(file("{'a':1}", 0)), "m: the header is no JSON from its byte 2 on");
  EXPECT_TRUE(has(refused(file("{\"\xff\":{}}", 0)), "no JSON"));

  std::string const whole = to_bytes(example());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(refused(whole.substr(0, length)), "") << length;
  }
  EXPECT_EQ(refused(whole + "x"), "m: the tensors end at byte 24, but the file has 25 bytes of data");
  std::string damaged = whole;
  damaged.back() ^= 1;
  EXPECT_TRUE(has(refused(damaged), "m: damaged: it has the checksum"));
}

TEST(Safetensors, ADamagedBitIsSeenWhereverItIs) {
  Content odd = example();
  // Texts that look like the entry of the checksum, quotation marks apart.
  odd.metadata["a\"kramers.checksum"] = ",\"kramers.checksum\":\"01234567\"";
  odd.metadata["k"] = "kramers.checksum\":\"01234567";
  std::string const whole = to_bytes(odd);
  ASSERT_EQ(parse(whole, "m", Checksum::required), odd);
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_THROW(parse(damaged, "m", Checksum::required), IoError) << "bit " << bit;
  }
}

TEST(Safetensors, AFileWithoutAChecksumIsRefusedWhereOneIsRequired) {
  std::string const theirs = file("{}", 0);
  EXPECT_EQ(parse(theirs, "m"), Content());
  EXPECT_TRUE(has(message<IoError>([&] { parse(theirs, "m", Checksum::required); }), "have no 'kramers.checksum'"));
}

TEST(Safetensors, HeadersThatBreakARuleAreRefused) {
  std::string const good = entry(R"("F32")", "[1]", "[0,4]");
  auto const one = [&](std::string const& value) { return complaint(R"({"w":)" + value + "}", 4); };
  ASSERT_EQ(one(good), "");
  EXPECT_EQ(complaint(R"({"w":)" + good + R"(,"w":)" + good + "}", 4),
            "m.safetensors: the header has two entries \"w\"");
  EXPECT_EQ(complaint(R"({"__metadata__":{"a":"1","a":"2"}})", 0), "m.safetensors: the metadata have two texts \"a\"");
  EXPECT_TRUE(has(complaint(R"({"__metadata__":{"a":1}})", 0), "the metadata \"a\" are the number 1, want a text"));
  EXPECT_TRUE(has(complaint(R"({"__metadata__":{"a":{}}})", 0), "an object, want a text"));
  EXPECT_TRUE(has(complaint(R"({"__metadata__":null})", 0), "has null where a tensor should stand"));
  EXPECT_TRUE(has(one("[1]"), "the header has an array where a tensor should stand"));
  EXPECT_TRUE(has(one(R"({"dtype":"F32","shape":[1]})"), "tensor \"w\": has no 'data_offsets'"));
  EXPECT_TRUE(has(one(R"({"dtype":"F32","dtype":"F32"})"), "tensor \"w\": has 'dtype' twice"));
  EXPECT_TRUE(has(one(R"({"order":"C"})"), "tensor \"w\": has the key \"order\", which the format does not know"));
  EXPECT_TRUE(has(one(entry(R"("f32")", "[1]", "[0,4]")), "'dtype' is \"f32\", which is no type of the format"));
  EXPECT_TRUE(has(one(entry("32", "[1]", "[0,4]")), "'dtype' has the number 32, which does not belong there"));
  EXPECT_TRUE(has(one(entry(R"("F32")", "[[1]]", "[0,4]")), "'shape' has an array, which does not belong there"));
  EXPECT_TRUE(has(one(entry(R"("F32")", "1", "[0,4]")), "'shape' has the number 1, which does not belong there"));
  EXPECT_TRUE(has(one(entry(R"("F32")", "[-1]", "[0,4]")), "'shape' has the number -1, want none below 0"));
  EXPECT_TRUE(has(one(entry(R"("F32")", "[1.0]", "[0,4]")), "'shape' has the number 1.0, want integers below 2^64"));
  EXPECT_TRUE(has(one(entry(R"("F32")", "[18446744073709551616]", "[0,4]")), "18446744073709551616, want integers"));
  EXPECT_TRUE(has(one(entry(R"("F32")", "[1]", "[0,4,4]")), "'data_offsets' has more than 2 numbers"));
  EXPECT_TRUE(has(one(entry(R"("F32")", "[1]", "[4]")), "'data_offsets' are not two numbers"));
  std::string ones = "[1";
  for (int i = 0; i < 64; ++i) ones += ",1";
  EXPECT_TRUE(has(one(entry(R"("F32")", ones + "]", "[0,4]")), "'shape' has more than 64 numbers"));
  EXPECT_TRUE(has(one(std::string(1000000, '[')), "has an array"));  // not one level deeper
  // What a name holds reaches no terminal.
  EXPECT_TRUE(has(complaint("{\"\\u001b[2J" + std::string(200, 'n') + "\":1}", 0), "where a tensor"));
  EXPECT_TRUE(has(complaint("{\"\\u001b[2J" + std::string(200, 'n') + "\":{}}", 0), "tensor \"\\u001b[2Jnnn"));
}

TEST(Safetensors, OffsetsThatBreakARuleAreRefused) {
  auto const one = [](std::string const& shape, std::string const& offsets) {
    return complaint(R"({"w":)" + entry(R"("F32")", shape, offsets) + "}", 8);
  };
  ASSERT_EQ(one("[2]", "[0,8]"), "");
  EXPECT_EQ(one("[2]", "[8,0]"),
            "m.safetensors: tensor \"w\": 'data_offsets' are [8, 0], want the end after the beginning");
  EXPECT_TRUE(has(one("[3]", "[0,12]"), "'data_offsets' are [0, 12], but the file has 8 bytes of data"));
  EXPECT_TRUE(has(one("[2]", "[18446744073709551608,18446744073709551615]"), "but the file has 8 bytes of data"));
  EXPECT_TRUE(has(one("[1]", "[0,8]"), "which are not the bytes of shape (1) and F32"));
  EXPECT_TRUE(has(one("[3]", "[0,8]"), "which are not the bytes of shape (3) and F32"));
  EXPECT_TRUE(has(one("[]", "[0,8]"), "which are not the bytes of shape () and F32"));
  EXPECT_TRUE(has(one("[1]", "[0,7]"), "which are not the bytes"));
  EXPECT_TRUE(has(complaint(R"({"w":)" + entry(R"("U8")", "[5]", "[0,8]") + "}", 8), "which are not the bytes"));
  // Products that would be 2 modulo 2^64, and 0.
  EXPECT_TRUE(has(one("[9223372036854775809,2]", "[0,8]"), "which are not the bytes"));
  EXPECT_TRUE(has(one("[4294967296,4294967296]", "[0,0]"), "which are not the bytes"));
  EXPECT_TRUE(has(one("[0]", "[0,8]"), "which are not the bytes"));
  EXPECT_TRUE(has(one("[1]", "[4,8]"), "begins at byte 4 and leaves a hole after the one before it, which ends at 0"));
  EXPECT_TRUE(has(one("[1]", "[0,4]"), "the tensors end at byte 4, but the file has 8 bytes of data"));

  auto const two = [](std::string const& first, std::string const& second) {
    return complaint(R"({"a":)" + entry(R"("U8")", "[4]", first) + R"(,"b":)" + entry(R"("U8")", "[4]", second) + "}",
                     8);
  };
  ASSERT_EQ(two("[4,8]", "[0,4]"), "");
  EXPECT_EQ(two("[0,4]", "[3,7]"),
            "m.safetensors: tensor \"b\": begins at byte 3 and overlaps the one before it, which ends at 4");
  EXPECT_TRUE(has(two("[0,4]", "[0,4]"), "overlaps"));
}

TEST(Safetensors, ReadingNamesTheFile) {
  Scratch const scratch;
  auto const refused = [](std::filesystem::path const& path) { return message<IoError>([&] { read(path); }); };
  auto const path = scratch / "m";
  EXPECT_EQ(refused(path), path.string() + ": cannot be read: No such file or directory");
  EXPECT_TRUE(has(refused(scratch.folder()), "it is not a regular file"));
  EXPECT_TRUE(has(refused("/dev/zero"), "it is not a regular file"));
  put(path, std::string("\xff\xff\xff\0\0\0\0\0", 8));
  EXPECT_EQ(refused(path),
            path.string() + ": truncated, or no safetensors file: it asks for a header of 16777215 bytes and has 0");
  put(path, "");
  EXPECT_TRUE(has(refused(path), "it has 0 bytes"));
}

TEST(Safetensors, WhatCannotStandInAFileIsRefusedAndNothingIsWritten) {
  Scratch const scratch;
  auto const path = scratch / "m";
  put(path, "good");
  auto const refused = [&](Content const& wrong) { return message<DomainError>([&] { write(path, wrong); }); };
  Content wrong = example();
  wrong.tensors["__metadata__"] = Tensor::of<float>({}, {1});
  EXPECT_TRUE(has(refused(wrong), "__metadata__"));
  wrong = example();
  wrong.tensors["a"].shape = {3};
  EXPECT_TRUE(has(refused(wrong), "bytes of tensor a"));
  wrong = example();
  wrong.metadata[checksum_key] = "0";
  EXPECT_TRUE(has(refused(wrong), checksum_key));
  wrong = example();
  wrong.metadata["key"] = "\xff";
  EXPECT_TRUE(has(refused(wrong), "UTF-8"));
  wrong = example();
  wrong.tensors["a"].shape = Shape(65, 1);
  EXPECT_TRUE(has(refused(wrong), "at most 64"));
  EXPECT_EQ(content(path), "good");
  EXPECT_EQ(scratch.entries(), 1u);
  EXPECT_THROW(Tensor::of<float>({2, 2}, {1, 2, 3}), kramers::ShapeError);
  EXPECT_THROW(Tensor::of<float>({4294967296, 4294967296, 2}, {}), kramers::ShapeError);
  EXPECT_THROW(example().tensors["a"].values<double>(), DomainError);
}

TEST(Safetensors, ChecksumIsThatOfZlib) {
  std::string const text = "123456789";
  auto const bytes = std::as_bytes(std::span(text));
  EXPECT_EQ(detail::crc32(0, bytes), 0xcbf43926U);  // the check value that every description of this CRC gives
  EXPECT_EQ(detail::crc32(detail::crc32(0, bytes.first(4)), bytes.subspan(4)), 0xcbf43926U);
}

TEST(Safetensors, TypesHaveTheNamesOfTheFormat) {
  for (int i = 0; i < 15; ++i) {
    auto const dtype = static_cast<Dtype>(i);
    EXPECT_EQ(dtype_named(name_of(dtype)), dtype);
  }
  EXPECT_EQ(name_of(Dtype::u64), "U64");
  EXPECT_EQ(size_of(Dtype::bf16), 2u);
  EXPECT_FALSE(dtype_named("F128"));
}

}  // namespace
