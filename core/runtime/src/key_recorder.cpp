// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/key_recorder.hpp>

#include <utility>

namespace kramers {

namespace {
thread_local KeyRecorder* living = nullptr;
}  // namespace

KeyRecorder::KeyRecorder() {
  living = this;
}

KeyRecorder::~KeyRecorder() {
  living = nullptr;
}

AskedKey* KeyRecorder::entry(std::string_view key) {
  return living == nullptr ? nullptr : &living->m_asked[std::string(key)];
}

namespace detail {

void note_type(std::string_view key, char const* type) {
  if (auto* const entry = KeyRecorder::entry(key)) entry->type = type;
}

void note_required(std::string_view key) {
  if (auto* const entry = KeyRecorder::entry(key)) entry->required = true;
}

void note_fallback(std::string_view key, std::string fallback) {
  if (auto* const entry = KeyRecorder::entry(key)) entry->fallback = std::move(fallback);
}

void note_choices(std::string_view key, std::vector<std::string> const& choices) {
  if (auto* const entry = KeyRecorder::entry(key)) entry->choices = choices;
}

}  // namespace detail

}  // namespace kramers
