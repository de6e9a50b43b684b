// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/any_trainer.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "gemm/makers.hpp"
#include "resident/makers.hpp"

namespace kramers::ml {
namespace {

detail::ResidentMaker const* resident_maker(NetworkSpec const& network) {
  std::string const text = network.text();
  for (detail::ResidentMaker const& maker : detail::resident_makers()) {
    if (maker.network == text) return &maker;
  }
  return nullptr;
}

/// The engine resident goes over values and gradients of a batch several times per step: it shall stay in the second level
/// of a core's cache.
bool batch_fits(TrainerRequest const& request) {
  std::int64_t values = 2LL * request.network.inputs();
  for (LayerSpec const& layer : request.network.layers()) values += 2LL * layer.outputs;
  constexpr std::int64_t cache = 256 * 1024;
  std::int64_t const bytes = request.precision == "f64" ? 8 : 4;
  return values * bytes * request.params.batch <= cache;
}

std::string resident_list() {
  std::string list;
  for (std::string const& network : resident_networks()) list += (list.empty() ? "'" : ", '") + network + "'";
  return list.empty() ? "none" : list;
}

/// What KRAMERS_ML_ENGINE was called before; read for one release more.
constexpr char old_variable[] = "KRAMERS_ML_PATH";

void warn_of_old_variable() {
  static std::once_flag said;
  std::call_once(said, [] { std::fputs("kramers: KRAMERS_ML_PATH is now called KRAMERS_ML_ENGINE\n", stderr); });
}

}  // namespace

std::string name_of(Engine engine) {
  return engine == Engine::automatic ? "automatic" : engine == Engine::resident ? "resident" : "gemm";
}

Engine engine_named(std::string const& name) {
  for (Engine const engine : {Engine::automatic, Engine::resident, Engine::gemm}) {
    if (name == name_of(engine)) return engine;
  }
  throw DomainError("engine", name, "one of automatic, resident, gemm");
}

std::vector<std::string> const& resident_networks() {
  static std::vector<std::string> const names = [] {
    std::vector<std::string> list;
    for (detail::ResidentMaker const& maker : detail::resident_makers()) list.push_back(maker.network);
    return list;
  }();
  return names;
}

EngineChoice choose_engine(TrainerRequest const& request) {
  bool const compiled = resident_maker(request.network) != nullptr;
  auto const wished = [&](Engine engine, std::string const& who) -> EngineChoice {
    expects(engine != Engine::resident || compiled, who, "resident",
            "gemm for the network '" + request.network.text() +
                "', because these are compiled for resident: " + resident_list());
    return {engine, who + " asks for it"};
  };
  if (request.engine != Engine::automatic) return wished(request.engine, "engine");
  for (char const* const variable : {"KRAMERS_ML_ENGINE", old_variable}) {
    char const* const wish = std::getenv(variable);
    if (wish == nullptr || *wish == '\0') continue;
    if (variable == old_variable) warn_of_old_variable();
    Engine const engine = engine_named(wish);
    if (engine != Engine::automatic) return wished(engine, variable);
    break;
  }
  if (!compiled) return {Engine::gemm, "the network '" + request.network.text() + "' is not compiled for resident"};
  std::string const batch = "a batch of " + std::to_string(request.params.batch);
  if (!batch_fits(request)) return {Engine::gemm, batch + " is too large for resident"};
  return {Engine::resident, "the network is compiled for it, and " + batch + " fits into cache"};
}

std::unique_ptr<AnyTrainer> make_trainer(TrainerRequest const& request) {
  check(request.network, request.params);
  expects(request.precision == "f32" || request.precision == "f64", "precision", request.precision, "f32 or f64");
  if (choose_engine(request).engine == Engine::resident) return resident_maker(request.network)->make(request);
  return request.precision == "f32" ? detail::make_gemm_f32(request) : detail::make_gemm_f64(request);
}

}  // namespace kramers::ml
