// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>

#include <exception>
#include <iostream>

#include "options.hpp"

int main(int argc, char** argv) {
  auto const failed = [](std::exception const& error, int code) {
    std::cerr << "kramers-topo: " << error.what() << '\n';
    return code;
  };
  try {
    return kramers::topo::run_command_line(argc, argv);
  } catch (kramers::topology::UsageError const& error) {
    return failed(error, kramers::topo::exit_usage);
  } catch (kramers::topology::DataError const& error) {
    return failed(error, kramers::topo::exit_data);
  } catch (std::exception const& error) {
    return failed(error, kramers::topo::exit_failed);
  }
}
