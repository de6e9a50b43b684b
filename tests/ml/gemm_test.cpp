// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/ml/detail/gemm.hpp>

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>
#include <spaces.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

namespace kramers::test {

using ml::GemmBackEnd;
using ml::detail::Product;

constexpr GemmBackEnd all_back_ends[] = {GemmBackEnd::kernels, GemmBackEnd::openblas, GemmBackEnd::plain};

/// In [-1, 1).
double number(std::uint64_t i) {
  return static_cast<double>(mix64(i) >> 11) * 0x1p-52 - 1;
}

template <class Space, class T>
Kokkos::View<T*, Space> numbers(Space const& exec, int count, std::uint64_t seed) {
  Kokkos::View<T*, Space> const device(Kokkos::view_alloc(exec, "kramers::test::numbers"), count);
  auto const host = Kokkos::create_mirror_view(device);
  for (int i = 0; i < count; ++i) host(i) = static_cast<T>(number(seed << 32 | static_cast<std::uint64_t>(i)));
  Kokkos::deep_copy(exec, device, host);
  exec.fence();
  return device;
}

template <class Space, class T>
std::vector<T> on_host(Space const& exec, Kokkos::View<T*, Space> const& device) {
  auto const host = Kokkos::create_mirror_view(device);
  Kokkos::deep_copy(exec, host, device);
  exec.fence();
  return {host.data(), host.data() + host.size()};
}

template <class Space, class T>
std::vector<T> product(Space const& exec, GemmBackEnd back_end, Product const& p) {
  auto const a = numbers<Space, T>(exec, p.m * p.k, 1), b = numbers<Space, T>(exec, p.k * p.n, 2);
  auto const c = numbers<Space, T>(exec, p.m * p.n, 3);
  Kokkos::deep_copy(exec, c, std::numeric_limits<T>::quiet_NaN());  // what C held must not matter
  ml::detail::gemm(exec, back_end, p, static_cast<T const*>(a.data()), static_cast<T const*>(b.data()), c.data());
  return on_host<Space, T>(exec, c);
}

/// Three loops in double.
template <class T>
std::vector<double> triple_loop(Product const& p) {
  auto const a = [&](int i, int k) {
    int const place = p.transpose_a ? k * p.m + i : i * p.k + k;
    return static_cast<double>(static_cast<T>(number(std::uint64_t{1} << 32 | static_cast<std::uint64_t>(place))));
  };
  auto const b = [&](int k, int j) {
    int const place = p.transpose_b ? j * p.k + k : k * p.n + j;
    return static_cast<double>(static_cast<T>(number(std::uint64_t{2} << 32 | static_cast<std::uint64_t>(place))));
  };
  std::vector<double> c;
  for (int i = 0; i < p.m; ++i) {
    for (int j = 0; j < p.n; ++j) {
      double sum = 0;
      for (int k = 0; k < p.k; ++k) sum += a(i, k) * b(k, j);
      c.push_back(sum);
    }
  }
  return c;
}

template <class Space, class T>
void expect_right_products(GemmBackEnd back_end) {
  if (!ml::has_back_end(back_end, on_device<Space>)) GTEST_SKIP() << "this build lacks " << name_of(back_end);
  Space const exec;
  for (auto const& [m, n, k] : {std::tuple{1, 1, 1},
                                {3, 5, 7},
                                {17, 1, 33},
                                {1, 19, 2},
                                {64, 64, 64},
                                {65, 130, 67},
                                {300, 40, 9},
                                {40, 300, 70},
                                {2, 3, 1000},
                                {4, 4, 0},
                                {0, 4, 4},
                                {4, 0, 4}}) {
    for (bool const transpose_a : {false, true}) {
      for (bool const transpose_b : {false, true}) {
        Product const p{transpose_a, transpose_b, m, n, k};
        auto const got = product<Space, T>(exec, back_end, p);
        auto const want = triple_loop<T>(p);
        ASSERT_EQ(got.size(), want.size());
        // A sum of k products of numbers up to 1, in any order: k roundings of at most k eps / 2 each, twice over.
        double const tolerance = 1.0 * k * k * std::numeric_limits<T>::epsilon() + 1e-300;
        for (std::size_t i = 0; i < got.size(); ++i) {
          ASSERT_LE(std::abs(got[i] - want[i]), tolerance)
              << name_of(back_end) << " (" << m << " x " << k << ") (" << k << " x " << n << ") transposed "
              << transpose_a << transpose_b << " element " << i;
        }
      }
    }
  }
}

/// Every element by one chain of fma.
template <class T>
std::vector<T> fma_chains(Product const& p) {
  std::vector<T> c;
  for (int i = 0; i < p.m; ++i) {
    for (int j = 0; j < p.n; ++j) {
      T sum = 0;
      for (int k = 0; k < p.k; ++k) {
        sum = kramers::math::fma(
            static_cast<T>(number(std::uint64_t{1} << 32 | static_cast<std::uint64_t>(i * p.k + k))),
            static_cast<T>(number(std::uint64_t{2} << 32 | static_cast<std::uint64_t>(k * p.n + j))), sum);
      }
      c.push_back(sum);
    }
  }
  return c;
}

/// Sets an environment variable while it lives.
class Environment {
 public:
  Environment(char const* name, char const* value) : m_name(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(m_name); }

 private:
  char const* m_name;
};

}  // namespace kramers::test

namespace kt = kramers::test;
namespace ml = kramers::ml;

template <class Config>
struct Gemm : ::testing::Test {};
TYPED_TEST_SUITE(Gemm, kt::AllConfigs, kt::ConfigName);

TYPED_TEST(Gemm, kernels_agrees_with_three_loops) {
  kt::expect_right_products<typename TypeParam::Space, typename TypeParam::Real>(ml::GemmBackEnd::kernels);
}
TYPED_TEST(Gemm, openblas_agrees_with_three_loops) {
  kt::expect_right_products<typename TypeParam::Space, typename TypeParam::Real>(ml::GemmBackEnd::openblas);
}
TYPED_TEST(Gemm, plain_agrees_with_three_loops) {
  kt::expect_right_products<typename TypeParam::Space, typename TypeParam::Real>(ml::GemmBackEnd::plain);
}

TYPED_TEST(Gemm, plain_has_the_bits_of_one_chain_of_fma) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  kt::Product const p{false, false, 70, 90, 150};
  EXPECT_EQ((kt::product<Space, T>(Space(), ml::GemmBackEnd::plain, p)), kt::fma_chains<T>(p));
}

#ifdef KOKKOS_ENABLE_OPENMP
TYPED_TEST(Gemm, bits_do_not_depend_on_the_number_of_threads) {
  using T = typename TypeParam::Real;
  for (auto const back_end : {ml::GemmBackEnd::openblas, ml::GemmBackEnd::plain}) {
    if (!ml::has_back_end(back_end, false)) continue;
    kt::Product const p{true, false, 700, 600, 500};
    EXPECT_EQ((kt::product<Kokkos::OpenMP, T>(Kokkos::OpenMP(1), back_end, p)),
              (kt::product<Kokkos::OpenMP, T>(Kokkos::OpenMP(), back_end, p)))
        << name_of(back_end);
  }
}
#endif

TEST(GemmChoice, follows_the_environment_and_says_so) {
  kt::Environment const wish("KRAMERS_ML_GEMM", "plain");
  ml::GemmChoice const choice = ml::choose_gemm(false);
  EXPECT_EQ(choice.back_end, ml::GemmBackEnd::plain);
  EXPECT_EQ(choice.reason, "KRAMERS_ML_GEMM asks for it");
}

TEST(GemmChoice, takes_the_first_that_is_there) {
  ml::GemmBackEnd const best = ml::choose_gemm(false).back_end;
  for (auto const back_end : {ml::GemmBackEnd::openblas, ml::GemmBackEnd::kernels, ml::GemmBackEnd::plain}) {
    if (!ml::has_back_end(back_end, false)) continue;
    EXPECT_EQ(best, back_end);
    break;
  }
}

TEST(GemmChoice, refuses_what_is_not_there) {
  kt::Environment const wish("KRAMERS_ML_GEMM", "fastest");
  EXPECT_THROW(ml::choose_gemm(false), kramers::DomainError);
  kt::Environment const impossible("KRAMERS_ML_GEMM", "openblas");
  EXPECT_FALSE(ml::has_back_end(ml::GemmBackEnd::openblas, true));
  EXPECT_THROW(ml::choose_gemm(true), kramers::DomainError);
}

TEST(GemmChoice, names_are_read_back) {
  for (auto const back_end : kt::all_back_ends) EXPECT_EQ(ml::gemm_back_end_named(name_of(back_end)), back_end);
}
