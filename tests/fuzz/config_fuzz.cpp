// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as an input file and as a --set: a value or an InputError, nothing else.
#include <kramers/runtime/config.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

template <class T>
void ask(kramers::Config const& config, char const* key) {
  try {
    static_cast<void>(config.find<T>(key));
  } catch (kramers::InputError const&) {
  }
}

void use(kramers::Config const& config) {
  for (char const* key : {"a", "ensemble.walkers", "integrator.dt", "axis[0].kind", "lists.real"}) {
    ask<bool>(config, key);
    ask<std::int64_t>(config, key);
    ask<std::uint64_t>(config, key);
    ask<double>(config, key);
    ask<std::string>(config, key);
    ask<std::vector<double>>(config, key);
    ask<std::vector<std::int64_t>>(config, key);
    ask<std::vector<std::string>>(config, key);
  }
  static_cast<void>(config.verbatim());
  static_cast<void>(config.effective().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  config.reject_unknown();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(data, data + size);
  try {
    use(kramers::Config::from_text(text, "fuzz.toml"));
  } catch (kramers::InputError const&) {
  }
  try {
    auto config = kramers::Config::from_text("[integrator]\ndt = 1\n[[axis]]\nkind = 'x'\n", "fuzz.toml");
    config.set(text);
    use(config);
  } catch (kramers::InputError const&) {
  }
  return 0;
}
