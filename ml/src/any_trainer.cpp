// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/any_trainer.hpp>

#include <algorithm>
#include <cstdlib>

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

/// The path resident goes over values and gradients of a batch several times per step: it shall stay in the second level
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

}  // namespace

std::string name_of(Path path) {
  return path == Path::automatic ? "automatic" : path == Path::resident ? "resident" : "gemm";
}

Path path_named(std::string const& name) {
  for (Path const path : {Path::automatic, Path::resident, Path::gemm}) {
    if (name == name_of(path)) return path;
  }
  throw DomainError("path", name, "one of automatic, resident, gemm");
}

std::vector<std::string> const& resident_networks() {
  static std::vector<std::string> const names = [] {
    std::vector<std::string> list;
    for (detail::ResidentMaker const& maker : detail::resident_makers()) list.push_back(maker.network);
    return list;
  }();
  return names;
}

PathChoice choose_path(TrainerRequest const& request) {
  bool const compiled = resident_maker(request.network) != nullptr;
  auto const wished = [&](Path path, std::string const& who) -> PathChoice {
    expects(path != Path::resident || compiled, who, "resident",
            "gemm for the network '" + request.network.text() +
                "', because these are compiled for resident: " + resident_list());
    return {path, who + " asks for it"};
  };
  if (request.path != Path::automatic) return wished(request.path, "path");
  if (char const* const wish = std::getenv("KRAMERS_ML_PATH"); wish != nullptr && *wish != '\0') {
    Path const path = path_named(wish);
    if (path != Path::automatic) return wished(path, "KRAMERS_ML_PATH");
  }
  if (!compiled) return {Path::gemm, "the network '" + request.network.text() + "' is not compiled for resident"};
  std::string const batch = "a batch of " + std::to_string(request.params.batch);
  if (!batch_fits(request)) return {Path::gemm, batch + " is too large for resident"};
  return {Path::resident, "the network is compiled for it, and " + batch + " fits into cache"};
}

std::unique_ptr<AnyTrainer> make_trainer(TrainerRequest const& request) {
  check(request.network, request.params);
  expects(request.precision == "f32" || request.precision == "f64", "precision", request.precision, "f32 or f64");
  if (choose_path(request).path == Path::resident) return resident_maker(request.network)->make(request);
  return request.precision == "f32" ? detail::make_gemm_f32(request) : detail::make_gemm_f64(request);
}

}  // namespace kramers::ml
