// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>

#include <source_location>
#include <string>

namespace kramers::topology {

/// A call of hwloc failed: its name and the errno it left.
class HwlocError : public Error {
 public:
  HwlocError(std::string call, int code, std::source_location where = std::source_location::current());
  std::string const& call() const { return m_call; }
  int code() const { return m_code; }

 private:
  std::string m_call;
  int m_code;
};

/// A plan has nothing for a target: no NIC, or no GPU of its maker.
class NothingToSet : public UsageError {
 public:
  using UsageError::UsageError;
};

}  // namespace kramers::topology
