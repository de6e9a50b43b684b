// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/any_trainer.hpp>

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>
#include <spaces.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <vector>

namespace kramers::test {

using ml::Activation;
using ml::Engine;
using ml::NetworkSpec;
using ml::TrainerRequest;

inline TrainerRequest request_for(NetworkSpec const& network) {
  TrainerRequest r;
  r.space = Kokkos::DefaultHostExecutionSpace::name();
  std::transform(r.space.begin(), r.space.end(), r.space.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  r.network = network;
  r.params.batch = 8;
  r.params.models = {{1, 1e-2, 0}, {2, 1e-2, 0}};
  return r;
}
/// A network that nobody will ever compile for the engine resident.
inline NetworkSpec unusual() {
  return NetworkSpec(5).dense(41, Activation::gelu_tanh).dropout(0.125).dense(2);
}
/// The network the shipped classifier has.
inline NetworkSpec shipped() {
  return NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dense(3);
}

/// Sets an environment variable while it lives.
class Environment {
 public:
  Environment(char const* name, char const* value) : m_name(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(m_name); }

 private:
  char const* m_name;
};

inline std::vector<double> some_inputs(int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(0.25 * (i * 7 % 13) - 1.5);
  return values;
}
inline std::vector<int> some_labels(int count, int classes) {
  std::vector<int> labels;
  for (int i = 0; i < count; ++i) labels.push_back(i * 5 % classes);
  return labels;
}

}  // namespace kramers::test

namespace kt = kramers::test;
namespace ml = kramers::ml;

TEST(TrainerFactory, engines_have_names) {
  for (auto const engine : {ml::Engine::automatic, ml::Engine::resident, ml::Engine::gemm}) {
    EXPECT_EQ(ml::engine_named(name_of(engine)), engine);
  }
  EXPECT_THROW(ml::engine_named("fast"), kramers::DomainError);
}

TEST(TrainerFactory, an_unknown_network_goes_to_matrix_products_and_is_told_why) {
  auto const choice = ml::choose_engine(kt::request_for(kt::unusual()));
  EXPECT_EQ(choice.engine, ml::Engine::gemm);
  EXPECT_EQ(choice.reason, "the network '5 -> 41 gelu_tanh -> dropout 0.125 -> 2' is not compiled for resident");
}

TEST(TrainerFactory, a_wish_for_an_engine_that_cannot_be_is_an_error_with_what_can) {
  auto request = kt::request_for(kt::unusual());
  request.engine = ml::Engine::resident;
  EXPECT_THROW(ml::choose_engine(request), kramers::DomainError);
  EXPECT_THROW(ml::make_trainer(request), kramers::DomainError);
  request.engine = ml::Engine::automatic;
  kt::Environment const wish("KRAMERS_ML_ENGINE", "resident");
  try {
    ml::choose_engine(request);
    FAIL() << "no error";
  } catch (kramers::DomainError const& error) {
    EXPECT_EQ(error.name(), "KRAMERS_ML_ENGINE");
    for (std::string const& network : ml::resident_networks()) {
      EXPECT_NE(std::string(error.what()).find("'" + network + "'"), std::string::npos) << error.what();
    }
  }
}

TEST(TrainerFactory, the_argument_goes_before_the_environment) {
  auto request = kt::request_for(kt::unusual());
  request.engine = ml::Engine::gemm;
  kt::Environment const wish("KRAMERS_ML_ENGINE", "resident");
  EXPECT_EQ(ml::choose_engine(request).engine, ml::Engine::gemm);
  EXPECT_EQ(ml::choose_engine(request).reason, "engine asks for it");
}

TEST(TrainerFactory, reads_the_old_name_of_the_variable_after_the_new_one) {
  auto const request = kt::request_for(kt::shipped());
  kt::Environment const old("KRAMERS_ML_PATH", "gemm");
  EXPECT_EQ(ml::choose_engine(request).engine, ml::Engine::gemm);
  EXPECT_EQ(ml::choose_engine(request).reason, "KRAMERS_ML_PATH asks for it");
  kt::Environment const wish("KRAMERS_ML_ENGINE", "resident");
  EXPECT_EQ(ml::choose_engine(request).engine, ml::Engine::resident);
}

TEST(TrainerFactory, refuses_an_environment_it_does_not_understand) {
  kt::Environment const wish("KRAMERS_ML_ENGINE", "quickly");
  EXPECT_THROW(ml::choose_engine(kt::request_for(kt::unusual())), kramers::DomainError);
}

TEST(TrainerFactory, a_compiled_network_is_resident_unless_its_batch_is_large) {
  auto request = kt::request_for(kt::shipped());
  auto const& list = ml::resident_networks();
  if (std::find(list.begin(), list.end(), request.network.text()) == list.end()) {
    GTEST_SKIP() << "not compiled for resident";
  }
  EXPECT_EQ(ml::choose_engine(request).engine, ml::Engine::resident);
  EXPECT_EQ(ml::choose_engine(request).reason, "the network is compiled for it, and a batch of 8 fits into cache");
  request.params.batch = 100'000;
  EXPECT_EQ(ml::choose_engine(request).engine, ml::Engine::gemm);
  EXPECT_EQ(ml::choose_engine(request).reason, "a batch of 100000 is too large for resident");
  kt::Environment const wish("KRAMERS_ML_ENGINE", "gemm");
  request.params.batch = 8;
  EXPECT_EQ(ml::choose_engine(request).engine, ml::Engine::gemm);
  EXPECT_EQ(ml::choose_engine(request).reason, "KRAMERS_ML_ENGINE asks for it");
}

TEST(TrainerFactory, resident_and_matrix_products_train_alike) {
  auto request = kt::request_for(kt::shipped());
  auto const& list = ml::resident_networks();
  if (std::find(list.begin(), list.end(), request.network.text()) == list.end()) {
    GTEST_SKIP() << "not compiled for resident";
  }
  for (std::string const precision : {"f32", "f64"}) {
    request.precision = precision;
    request.engine = ml::Engine::resident;
    auto const resident = ml::make_trainer(request);
    request.engine = ml::Engine::gemm;
    auto const gemm = ml::make_trainer(request);
    auto const inputs = kt::some_inputs(60);
    auto const labels = kt::some_labels(30, 3);
    for (auto const* trainer : {&resident, &gemm}) {
      (*trainer)->set_samples(inputs, std::span<int const>(labels));
      (*trainer)->fit(5);
    }
    // 20 steps of which each multiplies a difference in the last place by little; see gemm_trainer_test.cpp.
    double const tolerance = 1e4 * (precision == "f64" ? 0x1p-52 : 0x1p-23);
    for (int m = 0; m < 2; ++m) {
      auto const a = resident->losses()[static_cast<std::size_t>(m)];
      auto const b = gemm->losses()[static_cast<std::size_t>(m)];
      ASSERT_EQ(a.size(), 20U);
      ASSERT_EQ(b.size(), 20U);
      for (std::size_t s = 0; s < a.size(); ++s) EXPECT_NEAR(a[s], b[s], tolerance) << precision << " step " << s;
      auto const p = resident->predict(m, inputs), q = gemm->predict(m, inputs);
      ASSERT_EQ(p.size(), q.size());
      for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(p[i], q[i], tolerance * 10) << precision;
      EXPECT_EQ(resident->state(m).step, gemm->state(m).step);
      EXPECT_EQ(resident->state(m).epoch, gemm->state(m).epoch);
    }
  }
}

TEST(TrainerFactory, trains_and_restarts_behind_names) {
  for (std::string const precision : {"f32", "f64"}) {
    auto request = kt::request_for(kt::unusual());
    request.precision = precision;
    auto const trainer = ml::make_trainer(request), other = ml::make_trainer(request);
    EXPECT_EQ(trainer->engine().substr(0, 15), "matrix products");
    auto const inputs = kt::some_inputs(100);
    auto const labels = kt::some_labels(20, 2);
    for (auto const* one : {&trainer, &other}) (*one)->set_samples(inputs, std::span<int const>(labels));
    trainer->fit(2);
    other->set_state(1, trainer->state(1));
    trainer->fit(3);
    other->fit(3);
    EXPECT_EQ(trainer->state(1).parameters, other->state(1).parameters) << precision;
    EXPECT_EQ(trainer->predict(1, inputs), other->predict(1, inputs));
    EXPECT_EQ(trainer->predict(1, inputs).size(), 40U);
    EXPECT_EQ(trainer->losses().size(), 2U);
    EXPECT_EQ(trainer->losses()[0].size(), 9U);
    EXPECT_TRUE(trainer->divergences().empty());
    EXPECT_GT(trainer->state_bytes(), 0);
  }
}

TEST(TrainerFactory, trains_on_targets) {
  auto request = kt::request_for(kt::unusual());
  request.params.loss = ml::Loss::mean_squared_error;
  auto const trainer = ml::make_trainer(request);
  auto const inputs = kt::some_inputs(100), targets = kt::some_inputs(40);
  trainer->set_samples(inputs, std::span<double const>(targets));
  trainer->fit(30);
  auto const losses = trainer->losses();
  EXPECT_LT(losses[0].back(), losses[0].front());
}

TEST(TrainerFactory, says_what_is_wrong) {
  auto request = kt::request_for(kt::unusual());
  request.space = "abacus";
  EXPECT_THROW(ml::make_trainer(request), kramers::DomainError);
  request = kt::request_for(kt::unusual());
  request.precision = "f16";
  EXPECT_THROW(ml::make_trainer(request), kramers::DomainError);
  request = kt::request_for(kt::unusual());
  request.params.batch = 0;
  EXPECT_THROW(ml::make_trainer(request), kramers::DomainError);

  auto const trainer = ml::make_trainer(kt::request_for(kt::unusual()));
  auto const inputs = kt::some_inputs(100);
  auto labels = kt::some_labels(20, 2);
  EXPECT_THROW(trainer->set_samples(inputs, std::span<double const>(inputs)), kramers::DomainError);
  labels[7] = 2;
  EXPECT_THROW(trainer->set_samples(inputs, std::span<int const>(labels)), kramers::DomainError);
  labels = kt::some_labels(19, 2);
  EXPECT_THROW(trainer->set_samples(inputs, std::span<int const>(labels)), kramers::ShapeError);
  EXPECT_THROW(trainer->predict(0, kt::some_inputs(7)), kramers::DomainError);
}
