// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/exit_code.hpp>
#include <kramers/base/guarded.hpp>
#include <kramers/base/text.hpp>
#include <kramers/runtime/provenance.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

#include "checks.hpp"

namespace kramers::doctor {
namespace {

void print(std::vector<Finding> const& findings) {
  for (Finding const& finding : findings) {
    std::string const text = finding.says + (finding.fix.empty() ? "" : ": " + finding.fix);
    std::printf("%-8s %-9s %s\n", name(finding.verdict), finding.area.c_str(), printable(text).c_str());
  }
}

void print_json(std::vector<Finding> const& findings, Verdict worst) {
  nlohmann::json list = nlohmann::json::array();
  for (Finding const& finding : findings) {
    list.push_back({{"area", finding.area}, {"verdict", name(finding.verdict)}, {"says", finding.says}});
    if (!finding.fix.empty()) list.back()["fix"] = finding.fix;
  }
  nlohmann::json const all{
      {"schema", 1}, {"host", host_name()}, {"verdict", name(worst)}, {"findings", std::move(list)}};
  std::printf("%s\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

int run(int argc, char** argv) {
  bool is_json = false, is_strict = false;
  CLI::App app("What this build and this node can do, and what to mend.", "kramers-doctor");
  app.set_version_flag("--version", "kramers-doctor " + version_text());
  app.add_flag("--json", is_json, "for programs: JSON, schema 1");
  app.add_flag("--strict", is_strict, "end with 2 where something is wrong or costs speed");
  app.footer("Exit codes: 0 looked, 1 failure, 2 something to mend (with --strict), 64 wrong command line.");
  try {
    app.parse(argc, argv);
  } catch (CLI::Success const& answer) {
    app.exit(answer);
    return exit_code::success;
  } catch (CLI::ParseError const& error) {
    throw UsageError(std::string(error.what()) + " (kramers-doctor --help lists the options)");
  }
  auto const findings = look_at_all();
  Verdict const worst = std::ranges::max_element(findings, {}, &Finding::verdict)->verdict;
  if (is_json) {
    print_json(findings, worst);
  } else {
    print(findings);
  }
  return is_strict && worst >= Verdict::warning ? exit_code::warnings : exit_code::success;
}

}  // namespace
}  // namespace kramers::doctor

int main(int argc, char** argv) {
  return kramers::guarded("kramers-doctor", [&] {
    int const code = kramers::doctor::run(argc, argv);
    kramers::flush_standard_output();
    return code;
  });
}
