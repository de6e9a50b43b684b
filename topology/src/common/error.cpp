// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>

#include <cstring>
#include <utility>

namespace kramers::topology {

HwlocError::HwlocError(std::string call, int code)
    : Error(call + " failed: " + std::strerror(code)), m_call(std::move(call)), m_code(code) {}

DataError::DataError(std::string source, std::string const& what_is_wrong)
    : Error(source + ": " + what_is_wrong), m_source(std::move(source)) {}

}  // namespace kramers::topology
