// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/classifier.hpp>
#include <kramers/ml/classifier_file.hpp>
#include <kramers/ml/classifier_training.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace kramers::ml::samples_test {

using Numbers = std::vector<double>;
using Texts = std::vector<std::string>;
using Labels = std::vector<int>;

SampleTable parsed(std::string const& text, SampleChoice const& choice = {}) {
  return parse_csv(text, "samples.csv", choice);
}

/// What is said of a text that is refused.
template <class Names>
std::string refusal(std::string const& text, Names const& names) {
  try {
    parse_csv(text, "samples.csv", names);
  } catch (InputError const& error) {
    return error.what();
  }
  return "taken";
}
std::string refusal(std::string const& text) {
  return refusal(text, SampleChoice{});
}

TEST(Csv, HeaderAndNames) {
  auto const table = parsed("mass,charge,kind\n1,-2.5e3,b\n+.5,4,a\n0,0,b\n");
  EXPECT_EQ(table.names.features, (Texts{"mass", "charge"}));
  EXPECT_EQ(table.names.classes, (Texts{"a", "b"}));  // sorted, not as they come
  EXPECT_EQ(table.names.choice.label, "kind");
  EXPECT_EQ(table.names.choice.label_column, 3);
  EXPECT_EQ(table.inputs, (Numbers{1, -2500, 0.5, 4, 0, 0}));
  EXPECT_EQ(table.labels, (Labels{1, 0, 1}));
  EXPECT_EQ(table.size(), 3u);
}

TEST(Csv, NoHeader) {
  auto const table = parsed("1,2,0\n3,4,1\n");
  EXPECT_EQ(table.names.features, (Texts{"x1", "x2"}));
  EXPECT_EQ(table.names.classes, (Texts{"0", "1"}));
  EXPECT_EQ(table.labels, (Labels{0, 1}));
  // As numpy.savetxt writes them; and a first line whose label alone is no number is no header.
  EXPECT_EQ(parsed("1.0e+00 1.000e+00\n2.0e+00 0.000e+00\n").labels, (Labels{1, 0}));
  EXPECT_EQ(parsed("1,cat\n2,dog\n").labels, (Labels{0, 1}));
  // More than nine integers are counted as such, not by their digits.
  std::string text;
  for (int k = 11; k >= 0; --k) text += std::to_string(k) + "," + std::to_string(k) + "\n";
  auto const many = parsed(text);
  EXPECT_EQ(many.labels.front(), 11);
  EXPECT_EQ(many.names.classes[10], "10");
}

TEST(Csv, SeparatorsAndLineEnds) {
  Numbers const wanted{1, 2, 3, 4};
  for (std::string const text : {"1,2,0\n3,4,1\n", "1;2;0\n3;4;1", "1\t2\t0\r\n3\t4\t1\r\n", "  1  2 0 \n3\t4 1\n",
                                 "\xEF\xBB\xBF"
                                 "1,2,0\r\n3,4,1",
                                 "# by hand\n\n1 , 2,0\n \n3,\t4,1\n"}) {
    EXPECT_EQ(parsed(text).inputs, wanted) << text;
    EXPECT_EQ(parsed(text).labels, (Labels{0, 1})) << text;
  }
  EXPECT_EQ(parsed("\xEF\xBB\xBF"
                   "a,b\n1,0\n2,1\n")
                .names.features,
            Texts{"a"});
}

TEST(Csv, Quotes) {
  auto const table = parsed("\"charge, q\",\"a \"\"b\"\"\",kind\n\"1\", \"2\" ,\"x, y\"\n3,4,z\n");
  EXPECT_EQ(table.names.features, (Texts{"charge, q", "a \"b\""}));
  EXPECT_EQ(table.names.classes, (Texts{"x, y", "z"}));
  EXPECT_EQ(table.inputs, (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(parsed("\"a b\" \"c\" l\n1 \"2\" 0\n3 4 \"1\"\n").names.features, (Texts{"a b", "c"}));
  EXPECT_EQ(refusal("a,b\n\"1,0\n"), "samples.csv:2: has a quote that the line does not close");
  EXPECT_EQ(refusal("a,b\n\"1\"2,0\n"), "samples.csv:2: has text between a closing quote and the next separator");
}

TEST(Csv, ColumnOfTheLabels) {
  std::string const text = "kind,mass,charge\n1,2,3\n0,4,5\n";
  SampleChoice choice;
  choice.label = "kind";
  auto const named = parsed(text, choice);
  EXPECT_EQ(named.names.features, (Texts{"mass", "charge"}));
  EXPECT_EQ(named.inputs, (Numbers{2, 3, 4, 5}));
  EXPECT_EQ(named.labels, (Labels{1, 0}));
  choice = {};
  choice.label_column = 2;
  auto const numbered = parsed("1,0,3\n7,1,5\n", choice);
  EXPECT_EQ(numbered.inputs, (Numbers{1, 3, 7, 5}));
  EXPECT_EQ(numbered.labels, (Labels{0, 1}));
  EXPECT_EQ(numbered.names.choice.label_column, 2);
}

TEST(Csv, WhatIsRefused) {
  std::vector<std::pair<std::string, std::string>> const cases{
      {"", ": holds no samples"},
      {"\n# nothing\n", ": holds no samples"},
      {"a,b\n", ": holds no samples"},
      {"1,2,0\n3,4,1\n5,1\n", ":3: has 2 fields, but line 1 has 3"},
      {"1,2,0\n3,4,1,\n", ":2: has 4 fields, but line 1 has 3"},
      {"a,b,c\n1,2,0\n3,,1\n", ":3: invalid column 2 ('b'): got nothing; expected a finite number"},
      {"a,b,c\n1,nan,0\n", ":2: invalid column 2 ('b'): got 'nan'; expected a finite number"},
      {"a,b,c\n1,2,0\n-inf,2,1\n", ":3: invalid column 1 ('a'): got '-inf'; expected a finite number"},
      {"1,2,0\n1e999,2,1\n", ":2: invalid column 1: got '1e999'; expected a finite number"},
      {"1,2,0\n1,2x,1\n", ":2: invalid column 2: got '2x'; expected a finite number"},
      {"1;2;0\n1,5;2;1\n", ":2: invalid column 1: got '1,5'; expected a finite number"},
      {"1,5;2;0\n", ":1: has more than one of comma, semicolon and tab; choose with samples.separator"},
      {"1,2,0\n3,4,\n", ":2: invalid column 3: got nothing; expected a label"},
      {"1,2,0\n3,4,-1\n", ":2: invalid label: got '-1'; expected an integer from 0 to 999 or a name"},
      {"1,2,0\n3,4,0.5\n", ":2: invalid label: got '0.5'; expected an integer from 0 to 999 or a name"},
      {"1,2,0\n3,4,nan\n", ":2: invalid label: got 'nan'; expected an integer from 0 to 999 or a name"},
      {"1,2,1\n3,4,cat\n", ":2: invalid label: got 'cat'; expected an integer, as '1' in line 1"},
      {"1,2,cat\n3,4,7\n", ":2: invalid label: got '7'; expected a name, as 'cat' in line 1"},
      {"1,2,0\n3,4,2\n", ": has no sample of class 1, but one of class 2; count labels from 0 without gaps"},
      {"1,2,0\n3,4,0\n", ": has samples of class 0 only"},
      {"1,2,cat\n3,4,cat\n", ": has samples of one class only, 'cat'"},
      {"a,2,c\n1,2,0\n",
       ":1: has fields that are numbers and fields that are none, besides the label; say with samples.header "
       "whether it is a header"},
      {",a,b\n0,1,0\n1,1,1\n",
       ":1: invalid column 1: got no name; expected one, as every column of a header needs one"},
      {"a,a,b\n0,1,0\n", ":1: invalid column 2 ('a'): got a name that column 1 has; expected another one"},
      {"1\n2\n", ":1: has one column; expected features and a label (samples.separator may be another one)"},
      {std::string("1,2,0\n3,\0,1\n", 12), ":2: holds a zero byte; expected text of UTF-8"},
      {"1,2,a\n3,4,\xff\n", ":2: invalid column 3: got '\\xff'; expected a label in UTF-8"},
      {"1,2,a\n3,4," + std::string(257, 'b') + "\n", "expected a label of at most 256 bytes"},
  };
  for (auto const& [text, says] : cases) {
    std::string const said = refusal(text);
    EXPECT_TRUE(said.ends_with(says)) << text << "\n" << said << "\nwanted: " << says;
  }
  std::string many;
  for (int k = 0; k < 1001; ++k) many += "1,c" + std::to_string(k) + "\n";
  EXPECT_EQ(refusal(many), "samples.csv:1001: has another label than the 1000 before; expected at most 1000 classes");
}

TEST(Csv, WhatIsChosenIsNotGuessed) {
  SampleChoice choice;
  choice.header = "yes";
  EXPECT_EQ(parsed("1,2,3\n4,5,0\n6,7,1\n", choice).names.features, (Texts{"1", "2"}));
  choice.header = "no";
  EXPECT_EQ(refusal("a,b,c\n1,2,0\n", choice), "samples.csv:1: invalid column 1: got 'a'; expected a finite number");
  choice = {};
  choice.separator = "semicolon";
  EXPECT_EQ(parsed("a,b;c\n1;0\n2;1\n", choice).names.features, Texts{"a,b"});
  choice = {};
  choice.label = "kind";
  EXPECT_EQ(refusal("a,b\n1,0\n", choice), "samples.csv:1: has no column 'kind', which samples.label names");
  EXPECT_EQ(refusal("1,2\n", choice),
            "samples.csv:1: is no header, so that no column is called 'kind'; see samples.label_column");
  choice = {};
  choice.label_column = 4;
  EXPECT_EQ(refusal("1,2,0\n", choice), "samples.csv:1: has 3 columns, but the labels are in column 4");
}

TEST(Csv, FilesForAModel) {
  SampleNames const known = parsed("kind,mass,charge\nb,1,2\na,3,4\n", {.label = "kind"}).names;
  // By their names, in another order, with and without labels.
  auto const named = parse_csv("charge,mass\n7,8\n", "s", known);
  EXPECT_EQ(named.inputs, (Numbers{8, 7}));
  EXPECT_TRUE(named.labels.empty());
  EXPECT_EQ(parse_csv("charge,kind,mass\n7,b,8\n", "s", known).labels, Labels{1});
  // By their order where nothing names them.
  EXPECT_EQ(parse_csv("7,8\n", "s", known).inputs, (Numbers{7, 8}));
  EXPECT_EQ(parse_csv("a,7,8\n", "s", known).labels, Labels{0});
  EXPECT_EQ(refusal("mass,kind\n1,a\n", known), "samples.csv:1: has no column 'charge', a feature of the model");
  EXPECT_EQ(refusal("mass,charge,id\n1,2,3\n", known),
            "samples.csv:1: invalid column 3 ('id'): got 'id'; expected a feature of the model or its label");
  EXPECT_EQ(refusal("1,2,3,4\n", known),
            "samples.csv:1: has 4 columns; expected the 2 features of the model, with or without a label");
  EXPECT_EQ(refusal("1\n", known),
            "samples.csv:1: has 1 column; expected the 2 features of the model, with or without a label");
  EXPECT_EQ(refusal("c,7,8\n", known),
            "samples.csv:1: invalid label: got 'c'; expected one of the classes of the model");
}

TEST(Samples, HashKnowsValuesLabelsAndNames) {
  auto const hash = [](std::string const& text) { return parsed(text).hash(); };
  std::string const text = "a,b,l\n1,2,0\n3,4,1\n";
  EXPECT_EQ(hash(text), hash("a;b;l\r\n1;2.0;0\r\n3;4;1"));
  for (std::string const other : {"a,b,l\n1,2,1\n3,4,0\n", "a,b,l\n3,4,1\n1,2,0\n", "a,c,l\n1,2,0\n3,4,1\n",
                                  "a,b,l\n1,2,n\n3,4,p\n", "a,b,l\n2,1,0\n3,4,1\n"}) {
    EXPECT_NE(hash(text), hash(other)) << other;
  }
}

TEST(Samples, KnownByTheirEnding) {
  for (char const* name : {"a.csv", "a.CSV", "b/c.tsv", "a.txt", "a.dat"}) EXPECT_TRUE(is_sample_file(name)) << name;
  for (char const* name : {"a.h5", "csv", "a.csv.h5", "a.toml", ""}) EXPECT_FALSE(is_sample_file(name)) << name;
}

TEST(Samples, NetworkGetsTheEndsOfTheData) {
  ClassifierParams params;
  params.network = NetworkSpec(2).dense(7, Activation::relu).dropout(0.5).batch_norm().dense(2);
  SampleNames const names{{"a", "b", "c", "d", "e"}, {"0", "1", "2"}, {}};
  fit_to(names, params);
  EXPECT_EQ(params.network.text(), "5 -> 7 relu -> dropout 0.5 -> batch_norm -> 3");
  params.network = NetworkSpec(2).dense(2);
  fit_to(names, params);
  EXPECT_EQ(params.network.text(), "5 -> 3");
}

/// Four groups of samples told apart by three features that are 0 or 1, with so many of each of three classes.
constexpr int groups[4][3] = {{30, 6, 4}, {5, 20, 15}, {8, 8, 24}, {12, 16, 2}};

SampleTable contingency() {
  std::string text;
  for (int g = 0; g < 4; ++g) {
    for (int k = 0; k < 3; ++k) {
      for (int i = 0; i < groups[g][k]; ++i) {
        for (int f = 1; f < 4; ++f) text += f == g ? "1," : "0,";
        text += std::to_string(k) + "\n";
      }
    }
  }
  return parsed(text);
}

TEST(Samples, LogisticRegressionFindsTheConditionalEntropy) {
  // With an intercept and a weight per group the model is saturated: the likelihood is largest where each group has the
  // frequencies of its classes, and there the loss is H(class | group).
  double entropy = 0;
  int all = 0;
  for (auto const& group : groups) {
    int const size = group[0] + group[1] + group[2];
    all += size;
    for (int const n : group) entropy -= n * std::log(static_cast<double>(n) / size);
  }
  entropy /= all;

  auto const samples = contingency();
  ASSERT_EQ(samples.size(), static_cast<std::size_t>(all));
  ClassifierParams params;
  params.network = NetworkSpec(2).dense(2);
  params.space = space_names().front();
  params.precision = "f64";
  params.held_out = 0;
  params.train.batch = all;  // the exact gradient
  params.train.optimizer.rule = Rule::sgd;
  params.train.models = {{1, 1.0, 0}};
  params.epochs = 3000;
  fit_to(samples.names, params);
  auto const problem = make_problem(samples, params, "samples.csv");
  ClassifierTraining training(params, problem);
  ASSERT_EQ(training.run(true, {}), 0);
  auto const& losses = training.model().history.loss;
  // The error shrinks by a factor per step, to rounding: 150 terms of size 1 in a fixed tree and weights of size 3.
  EXPECT_NEAR(losses.back(), entropy, 1e-13);
  EXPECT_GT(losses[20], entropy + 1e-4);  // it had to be learned

  Predictor const predict(training.model(), params.space);
  auto const chances = predict(Numbers{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1});
  for (int g = 0; g < 4; ++g) {
    int const size = groups[g][0] + groups[g][1] + groups[g][2];
    for (int k = 0; k < 3; ++k) {
      EXPECT_NEAR(chances[static_cast<std::size_t>(3 * g + k)], static_cast<double>(groups[g][k]) / size, 1e-7);
    }
  }
}

TEST(Samples, ModelFileKeepsTheNames) {
  auto const samples = contingency();
  ClassifierParams params;
  params.space = space_names().front();
  params.train.batch = 25;
  params.epochs = 2;
  fit_to(samples.names, params);
  auto const problem = make_problem(samples, params, "samples.csv");
  ClassifierTraining training(params, problem);
  ASSERT_EQ(training.run(true, {}), 0);
  test::Scratch const scratch;
  auto const path = scratch / "model.safetensors";
  auto model = training.model();
  model.names.choice.separator = "comma";
  write_classifier(path, model);
  auto const read = read_classifier_model(path);
  EXPECT_EQ(read.names.features, (Texts{"x1", "x2", "x3"}));
  EXPECT_EQ(read.names.classes, (Texts{"0", "1", "2"}));
  EXPECT_EQ(read.names.choice.separator, "comma");
  EXPECT_EQ(read.names.choice.label_column, 4);
  EXPECT_EQ(read.state.parameters, model.state.parameters);
  EXPECT_EQ(read.dataset_hash, samples.hash());

  auto bad = model;
  bad.names.features.pop_back();
  write_classifier(path, bad);
  EXPECT_THROW(read_classifier_model(path), InputError);
  bad = model;
  bad.names.classes[1] = "0";
  write_classifier(path, bad);
  EXPECT_THROW(read_classifier_model(path), InputError);
  bad = model;
  bad.names.choice.separator = "dash";
  write_classifier(path, bad);
  EXPECT_THROW(read_classifier_model(path), InputError);
}

TEST(Samples, TooFewForABatch) {
  ClassifierParams params;
  auto const samples = parsed("1,0\n2,1\n3,0\n");
  fit_to(samples.names, params);
  EXPECT_THROW(make_problem(samples, params, "samples.csv"), InputError);
}

}  // namespace kramers::ml::samples_test
