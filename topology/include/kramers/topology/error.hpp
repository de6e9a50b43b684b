// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <stdexcept>
#include <string>

namespace kramers::topology {

/// Base of every exception of this library: one sentence for people.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A call of hwloc failed: its name and the errno it left.
class HwlocError : public Error {
 public:
  HwlocError(std::string call, int code);
  std::string const& call() const { return m_call; }
  int code() const { return m_code; }

 private:
  std::string m_call;
  int m_code;
};

/// A file or text cannot be used: what it is called, and what is wrong with it.
class DataError : public Error {
 public:
  DataError(std::string source, std::string const& what_is_wrong);
  std::string const& source() const { return m_source; }

 private:
  std::string m_source;
};

/// A request cannot be met: the message says what is asked, what there is, and what to change.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace kramers::topology
