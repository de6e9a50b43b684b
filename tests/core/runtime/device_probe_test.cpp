// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/device_probe.hpp>

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

namespace {

using kramers::ask_driver;
using kramers::Device;
using kramers::device_problem;
using kramers::DeviceBuild;
using kramers::DriverReport;

constexpr std::uint64_t memory = std::uint64_t{80} << 30;
Device const h100{"NVIDIA H100", 90, memory};
Device const a100{"NVIDIA A100", 80, memory};
Device const a40{"NVIDIA A40", 86, memory};
Device const b200{"NVIDIA B200", 100, memory};
DeviceBuild const for_h100{"CUDA", 90, 13000, true};
DeviceBuild const for_a40{"CUDA", 86, 13000, false};

DriverReport cuda(std::initializer_list<Device> devices, int version = 13000) {
  DriverReport report;
  report.library = "libcuda.so.1";
  report.is_loaded = true;
  report.version = version;
  report.devices = devices;
  return report;
}

std::string said(DeviceBuild const& build, DriverReport const& driver, std::optional<int> device = std::nullopt) {
  return device_problem(build, driver, device).value_or("");
}

TEST(DeviceProblem, ABuildForHostsNeedsNothing) {
  EXPECT_EQ(said({}, {}), "");
  EXPECT_EQ(said({}, {}, 3), "");
}

TEST(DeviceProblem, WithoutADriverOrADeviceTheProgramRunsElsewhere) {
  DriverReport report = cuda({});
  EXPECT_EQ(said(for_h100, report),
            "no device for CUDA is on this machine; run this build where there is one, or use a build without CUDA");
  report.hides = "CUDA_VISIBLE_DEVICES=''";
  EXPECT_EQ(said(for_h100, report),
            "no device for CUDA is visible with CUDA_VISIBLE_DEVICES=''; change or unset that variable, or use a build "
            "without CUDA");
  report.is_loaded = false;
  EXPECT_EQ(said(for_h100, report),
            "no driver for CUDA (libcuda.so.1) is on this machine; run this build where there is one, or use a build "
            "without CUDA");
}

TEST(DeviceProblem, ADriverThatFailsIsQuoted) {
  DriverReport report = cuda({});
  report.failure = "system has unsupported display driver / cuda driver combination (error 803)";
  EXPECT_EQ(said(for_h100, report),
            "the driver for CUDA does not work: system has unsupported display driver / cuda driver combination "
            "(error 803); repair it, or use a build without CUDA");
}

TEST(DeviceProblem, ADriverRunsWhatItsMajorVersionOrAnEarlierOneBuilt) {
  EXPECT_EQ(said(for_h100, cuda({h100}, 12080)),
            "the driver is too old: it is for CUDA 12.8, and this build needs one for CUDA 13.0 or later; update the "
            "driver, or build with an older CUDA");
  DeviceBuild newer = for_h100;
  newer.runtime = 13020;
  EXPECT_EQ(said(newer, cuda({h100}, 13000)), "");
  EXPECT_EQ(said(newer, cuda({h100}, 14000)), "");
  newer.runtime = 0;  // unknown
  EXPECT_EQ(said(newer, cuda({h100}, 0)), "");
}

TEST(DeviceProblem, BinariesRunOnTheirMajorVersionFromTheirMinorOneOn) {
  EXPECT_EQ(said(for_h100, cuda({h100}), 0), "");
  EXPECT_EQ(said(for_a40, cuda({{"NVIDIA L40", 89, memory}}), 0), "");
  EXPECT_EQ(
      said(for_a40, cuda({a40, a100}), 1),
      "device 1 (NVIDIA A100, compute capability 8.0) cannot run this build, which is for compute capability 8.6; "
      "build Kokkos and kramers for that device, or use another one");
  EXPECT_EQ(
      said(for_a40, cuda({h100}), 0),
      "device 0 (NVIDIA H100, compute capability 9.0) cannot run this build, which is for compute capability 8.6; "
      "build Kokkos and kramers for that device, or use another one");
  EXPECT_EQ(
      said(for_h100, cuda({a100}), 0),
      "device 0 (NVIDIA A100, compute capability 8.0) cannot run this build, which is for compute capability 9.0; "
      "build Kokkos and kramers for that device, or use another one");
  DeviceBuild unknown = for_h100;
  unknown.architecture = 0;
  EXPECT_EQ(said(unknown, cuda({a100}), 0), "");
}

TEST(DeviceProblem, KernelsThatCanBeTranslatedRunOnNewerDevicesWhoseDriverKnowsTheirCuda) {
  EXPECT_EQ(said(for_h100, cuda({b200}), 0), "");
  DeviceBuild newer = for_h100;
  newer.runtime = 13020;
  EXPECT_EQ(
      said(newer, cuda({b200}), 0),
      "device 0 (NVIDIA B200, compute capability 10.0) cannot run this build, which is for compute capability 9.0: "
      "the driver, of CUDA 13.0, cannot translate kernels of CUDA 13.2; build Kokkos and kramers for that device, "
      "or use another one, or update the driver");
}

TEST(DeviceProblem, WhereNoDeviceIsNamedOneThatWillDoIsEnough) {
  EXPECT_EQ(said(for_h100, cuda({a100, h100})), "");
  EXPECT_EQ(said(for_h100, cuda({a100, a40})), said(for_h100, cuda({a100, a40}), 0));
  EXPECT_NE(said(for_h100, cuda({a100, a40})), "");
  EXPECT_EQ(said(for_h100, cuda({h100}), 1),
            "invalid number of the device: got 1; expected one of the 1 visible, counted from 0");
  EXPECT_EQ(said(for_h100, cuda({h100}), -1),
            "invalid number of the device: got -1; expected one of the 1 visible, counted from 0");
}

TEST(DeviceProblem, HipTellsNoArchitecture) {
  DriverReport report = cuda({{"AMD Instinct MI250X", 0, memory}}, 0);
  EXPECT_EQ(said({"HIP", 0, 0, false}, report, 0), "");
  report.devices.clear();
  EXPECT_EQ(said({"HIP", 0, 0, false}, report),
            "no device for HIP is on this machine; run this build where there is one, or use a build without HIP");
}

/// The fake driver with these variables.
class AskDriver : public ::testing::Test {
 protected:
  void SetUp() override {
    answers(
        {{"VERSION", "13000"}, {"DEVICES", "2"}, {"ARCHITECTURE", "90"}, {"MEMORY", "85899345920"}, {"ERROR", "0"}});
    for (char const* variable : {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"})
      unsetenv(variable);
  }
  static void answers(std::initializer_list<std::pair<std::string, char const*>> values) {
    for (auto const& [name, value] : values) setenv(("FAKE_" + name).c_str(), value, 1);
  }
  static std::string said(DeviceBuild const& build) {
    return device_problem(build, ask_driver(build.backend, KRAMERS_FAKE_DRIVER)).value_or("");
  }
};

TEST_F(AskDriver, TellsVersionAndDevices) {
  DriverReport const report = ask_driver("CUDA", KRAMERS_FAKE_DRIVER);
  EXPECT_EQ(report.library, KRAMERS_FAKE_DRIVER);
  EXPECT_TRUE(report.is_loaded);
  EXPECT_EQ(report.failure, "");
  EXPECT_EQ(report.hides, "");
  EXPECT_EQ(report.version, 13000);
  ASSERT_EQ(report.devices.size(), 2u);
  EXPECT_EQ(report.devices[0].name, "Fake 0");
  EXPECT_EQ(report.devices[0].architecture, 90);
  EXPECT_EQ(report.devices[1].name, "Fake 1");
  EXPECT_EQ(report.devices[1].architecture, 80);
  EXPECT_EQ(report.devices[1].memory, memory);
  EXPECT_EQ(said(for_h100), "");
}

TEST_F(AskDriver, NoDeviceIsNoFailure) {
  answers({{"DEVICES", "0"}, {"ERROR", "100"}});
  setenv("CUDA_VISIBLE_DEVICES", "", 1);
  DriverReport const report = ask_driver("CUDA", KRAMERS_FAKE_DRIVER);
  EXPECT_EQ(report.failure, "");
  EXPECT_EQ(report.hides, "CUDA_VISIBLE_DEVICES=''");
  EXPECT_TRUE(report.devices.empty());
}

TEST_F(AskDriver, FindsAnOldDriverAndAnotherArchitecture) {
  answers({{"VERSION", "12040"}});
  EXPECT_EQ(said(for_h100),
            "the driver is too old: it is for CUDA 12.4, and this build needs one for CUDA 13.0 or later; update the "
            "driver, or build with an older CUDA");
  answers({{"VERSION", "13000"}, {"ARCHITECTURE", "75"}, {"DEVICES", "1"}});
  EXPECT_EQ(
      said(for_h100),
      "device 0 (Fake 0, compute capability 7.5) cannot run this build, which is for compute capability 9.0; build "
      "Kokkos and kramers for that device, or use another one");
}

TEST_F(AskDriver, AFailureHasTheDriversWords) {
  answers({{"ERROR", "999"}});
  EXPECT_EQ(ask_driver("CUDA", KRAMERS_FAKE_DRIVER).failure, "this is a fake (error 999)");
  EXPECT_EQ(ask_driver("HIP", KRAMERS_FAKE_DRIVER).failure, "this is a fake (error 999)");
}

TEST_F(AskDriver, AsksHipForWhatItTells) {
  DriverReport const report = ask_driver("HIP", KRAMERS_FAKE_DRIVER);
  ASSERT_EQ(report.devices.size(), 2u);
  EXPECT_EQ(report.devices[1].name, "Fake 1");
  EXPECT_EQ(report.devices[1].architecture, 0);
  EXPECT_EQ(report.devices[1].memory, memory);
  answers({{"ERROR", "100"}});
  setenv("HIP_VISIBLE_DEVICES", "-1", 1);
  EXPECT_EQ(said({"HIP", 0, 0, false}),
            "no device for HIP is visible with HIP_VISIBLE_DEVICES='-1'; change or unset that variable, or use a build "
            "without HIP");
}

TEST_F(AskDriver, NoLibraryAndAnotherLibraryAreReported) {
  EXPECT_FALSE(ask_driver("CUDA", "libkramers_no_such_driver.so").is_loaded);
  EXPECT_EQ(ask_driver("CUDA", "libm.so.6").failure, "it lacks functions that this build needs");
  DriverReport const nothing = ask_driver("");
  EXPECT_FALSE(nothing.is_loaded);
  EXPECT_EQ(nothing.library, "");
}

}  // namespace
