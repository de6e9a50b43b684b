// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/ml/any_trainer.hpp>
#include <kramers/ml/trainer.hpp>

#include <algorithm>
#include <utility>

namespace kramers::ml::detail {

/// A Trainer behind an AnyTrainer.
template <execution_space Space, real T>
class AnyTrainerImpl final : public AnyTrainer {
 public:
  AnyTrainerImpl(Space const& exec, std::unique_ptr<Trainer<Space, T>> trainer)
      : m_exec(exec), m_trainer(std::move(trainer)) {}

  NetworkSpec const& network() const override { return m_trainer->network(); }
  TrainParams const& params() const override { return m_trainer->params(); }
  std::string engine() const override { return m_trainer->engine(); }

  void set_samples(std::span<double const> inputs, std::span<int const> labels) override {
    expects(params().loss == Loss::softmax_cross_entropy, "samples", "labels",
            "targets, which mean_squared_error needs");
    for (int const label : labels) {
      expects(label >= 0 && label < network().outputs(), "label", label,
              "a class of the network, 0 to " + std::to_string(network().outputs() - 1));
    }
    m_samples = {};
    m_samples.inputs = rows(inputs, network().inputs());
    expects_extent("labels", static_cast<std::int64_t>(labels.size()), m_samples.count());
    Kokkos::View<int*, Space> const device(Kokkos::view_alloc(m_exec, "kramers::ml::labels"), labels.size());
    auto const host = Kokkos::create_mirror_view(device);
    std::copy(labels.begin(), labels.end(), host.data());
    copy_view(m_exec, device, host);
    m_exec.fence("kramers::ml::set_samples");
    m_samples.labels = device;
  }

  void set_samples(std::span<double const> inputs, std::span<double const> targets) override {
    expects(params().loss == Loss::mean_squared_error, "samples", "targets",
            "labels, which softmax_cross_entropy needs");
    m_samples = {};
    m_samples.inputs = rows(inputs, network().inputs());
    m_samples.targets = rows(targets, network().outputs());
    expects_extent("rows of the targets", m_samples.targets.extent_int(0), m_samples.count());
  }

  void fit(std::int64_t epochs) override {
    m_trainer->fit(m_samples, epochs);
    m_exec.fence("kramers::ml::fit");
  }

  std::vector<std::vector<double>> losses() override {
    std::vector<std::vector<double>> losses;
    for (std::vector<T> const& one : m_trainer->losses()) losses.emplace_back(one.begin(), one.end());
    return losses;
  }
  std::vector<Divergence> divergences() override { return m_trainer->divergences(); }

  std::vector<double> predict(int model, std::span<double const> inputs) override {
    auto const in = rows(inputs, network().inputs());
    typename Trainer<Space, T>::Outputs const out(Kokkos::view_alloc(m_exec, "kramers::ml::outputs"), in.extent(0),
                                                  network().outputs());
    m_trainer->predict(model, in, out);
    auto const host = Kokkos::create_mirror_view(out);
    copy_view(m_exec, host, out);
    m_exec.fence("kramers::ml::predict");
    return {host.data(), host.data() + host.size()};
  }

  ModelState<double> state(int model) override {
    ModelState<T> const s = m_trainer->state(model);
    return {wide(s.parameters),
            wide(s.first_moment),
            wide(s.second_moment),
            wide(s.buffers),
            s.step,
            s.epoch,
            static_cast<double>(s.best_loss),
            s.epochs_without_improvement,
            s.stopped};
  }
  void set_state(int model, ModelState<double> const& s) override {
    m_trainer->set_state(
        model, {narrow(s.parameters), narrow(s.first_moment), narrow(s.second_moment), narrow(s.buffers), s.step,
                s.epoch, static_cast<T>(s.best_loss), s.epochs_without_improvement, s.stopped});
  }
  std::int64_t state_bytes() const override { return m_trainer->state_bytes(); }

 private:
  using Rows = typename Samples<Space, T>::template Rows<T>;

  static std::vector<double> wide(std::vector<T> const& values) { return {values.begin(), values.end()}; }
  static std::vector<T> narrow(std::vector<double> const& values) {
    std::vector<T> narrow(values.size());
    std::transform(values.begin(), values.end(), narrow.begin(), [](double value) { return static_cast<T>(value); });
    return narrow;
  }

  Rows rows(std::span<double const> values, int columns) {
    auto const width = static_cast<std::size_t>(columns);
    expects(values.size() % width == 0, "values of the samples", values.size(),
            "a multiple of the " + std::to_string(columns) + " of a sample");
    Kokkos::View<T**, Kokkos::LayoutRight, Space> const device(Kokkos::view_alloc(m_exec, "kramers::ml::samples"),
                                                               values.size() / width, width);
    auto const host = Kokkos::create_mirror_view(device);
    std::transform(values.begin(), values.end(), host.data(), [](double value) { return static_cast<T>(value); });
    copy_view(m_exec, device, host);
    m_exec.fence("kramers::ml::rows");
    return device;
  }

  Space m_exec;
  std::unique_ptr<Trainer<Space, T>> m_trainer;
  Samples<Space, T> m_samples;
};

}  // namespace kramers::ml::detail
