// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kramers {

struct AppRun;
struct CommandLine;

/// What one key of an input means; its type and its default are those the reader asks for.
struct KeyNote {
  std::string key;      ///< "integrator.dt"
  std::string unit;     ///< "tau"; empty for none
  std::string meaning;  ///< a few words
  std::string usual =
      {};  ///< the default in words, where it follows from other keys or the key is needed at times only
};

/// A small input that runs: a template for users, and what is read to learn which keys there are.
struct InputExample {
  std::string name;   ///< "double_well", a word of --template; empty for one that is read only
  std::string about;  ///< a sentence
  std::string toml;
  std::map<std::string, std::string> files = {};  ///< that it names: name -> content
  std::map<std::string, std::string> own = {};    ///< CommandLine::own that it needs: {"--adaptive", "classifier"}
};

/// What a program knows of its input beside how to read it.
struct InputGuide {
  std::vector<KeyNote> keys;  ///< in the order in which people read them
  std::vector<InputExample> examples;
  /// Ask for every key, as a run would.
  std::function<void(AppRun const&)> read;
};

/// What --keys answers: one line for each key that begins with `prefix`.
/// @throws UsageError   no key does
/// @throws DomainError  the guide names a key that nobody asks for
std::string keys_text(InputGuide const& guide, CommandLine const& options, std::string const& prefix);

/// What --template answers: an example with all keys, what they mean, and those that may be absent as comments.
/// @throws UsageError  there is none of this name
std::string template_text(InputGuide const& guide, CommandLine const& options, std::string const& name);

}  // namespace kramers
