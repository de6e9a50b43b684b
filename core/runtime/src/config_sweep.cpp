// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/sweep.hpp>

#include "config_impl.hpp"

namespace kramers {

std::optional<detail::ConfigValue> Config::Impl::one_of_several(Config const& config, std::string const& key) {
  Sweep* const sweep = Sweep::living();
  if (sweep == nullptr) return std::nullopt;
  auto const* at = entry(key);
  bool const is_list = at != nullptr && std::holds_alternative<detail::ConfigValue::List>(at->value.value);
  bool const is_range = at == nullptr && std::ranges::any_of(entries, [&](detail::ConfigEntry const& other) {
                          return detail::is_below(other.key, key);
                        });
  if (!is_list && !is_range) return std::nullopt;
  SweepAxis const& axis = sweep->axis(config, key, is_list);
  swept[key] = is_list ? std::optional(axis.values) : std::nullopt;
  return detail::ConfigValue{sweep->current(key)};
}

}  // namespace kramers
