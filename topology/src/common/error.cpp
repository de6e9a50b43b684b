// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>

#include <cstring>
#include <utility>

namespace kramers::topology {

HwlocError::HwlocError(std::string call, int code, std::source_location where)
    : Error(call + " failed: " + std::strerror(code), where), m_call(std::move(call)), m_code(code) {}

}  // namespace kramers::topology
