#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "core/config/fields.h"

namespace cohort {
namespace {

struct OptimConfig {
  double lr = 1e-6;
  std::vector<double> betas = {0.9, 0.95};
  void describe(Fields& f) {
    f.field("lr", lr, "Peak learning rate.", at_least(0.0));
    f.field("betas", betas, "Adam's decay rates.");
    if (betas.size() != 2) f.fail("betas", "needs two numbers");
  }
};

struct RolloutConfig {
  int64_t n = 8;
  double top_p = 1.0;
  std::string mode = "exact";
  void describe(Fields& f) {
    f.field("n", n, "Completions of a prompt.", between_int(1, 1024));
    f.field("top_p", top_p, "Nucleus.", between(0.0, 1.0));
    f.field("mode", mode, "How.", {"exact", "fast"});
  }
};

struct StageConfig {
  std::string name;
  OptimConfig optim;
  RolloutConfig rollout;
  std::vector<std::string> files;
  bool has_student = false;
  OptimConfig student;
  void describe(Fields& f) {
    f.field("name", name, "Folder of the stage.");
    f.section("optim", optim, "Optimizer.");
    f.section("rollout", rollout, "Sampling.");
    f.field("files", files, "Data.");
    f.optional_section("student", has_student, student, "Another model.");
  }
};

struct RootConfig {
  int64_t seed = 1;
  bool exact = true;
  std::string template_text = "{question}";
  std::string path;
  std::vector<int64_t> sizes;
  std::vector<std::pair<std::string, StageConfig>> stages;
  void describe(Fields& f) {
    f.field("seed", seed, "Of every random number.");
    f.field("exact", exact, "Bits are promised.");
    f.field("template", template_text, "Prompt.");
    f.field("path", path, "Model.");
    f.field("sizes", sizes, "Sizes.");
    std::vector<std::string> tags = {"sft", "grpo", "eval"};
    f.tagged_list(
        "pipeline", stages.size(), tags,
        [&](size_t index, std::string& tag, Fields& fields) {
          if (fields.reading())
            stages.emplace_back(tag, StageConfig());
          else
            tag = stages[index].first;
          StageConfig& stage = stages[index].second;
          if (stage.name.empty()) stage.name = tag;
          stage.describe(fields);
        },
        "Stages.");
  }
};

RootConfig read(const std::string& text, const std::vector<std::string>& overrides = {}) {
  RootConfig config;
  read_config_text(text, "run.yaml", overrides, [&](Fields& f) { config.describe(f); });
  return config;
}

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    read(text, overrides);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "no error";
}

const char* const kPipeline = R"(seed: 7
pipeline:
  - sft: {optim: {lr: 0.001}}
  - grpo:
      name: rl
      rollout:
        n: 4
      files: [a.jsonl, b.jsonl]
  - eval
)";

TEST(Config, AbsentKeysKeepTheirDefaults) {
  for (const char* text : {"", "# nothing\n", "{}", "pipeline: []\n"}) {
    const RootConfig config = read(text);
    EXPECT_EQ(config.seed, 1);
    EXPECT_TRUE(config.exact);
    EXPECT_TRUE(config.stages.empty());
  }
}

TEST(Config, ReadsEveryKindOfValue) {
  const RootConfig config = read(
      "seed: -3\nexact: false\ntemplate: \"a\\n\\\"b\\\"\"\npath: 5\nsizes: [1, -2]\npipeline:\n"
      "  - grpo: {optim: {lr: 1e-3, betas: [.5, 1.]}, files: one.jsonl}\n");
  EXPECT_EQ(config.seed, -3);
  EXPECT_FALSE(config.exact);
  EXPECT_EQ(config.template_text, "a\n\"b\"");
  EXPECT_EQ(config.path, "5");
  EXPECT_EQ(config.sizes, (std::vector<int64_t>{1, -2}));
  const StageConfig& stage = config.stages.at(0).second;
  EXPECT_EQ(stage.optim.lr, 1e-3);
  EXPECT_EQ(stage.optim.betas, (std::vector<double>{0.5, 1.0}));
  EXPECT_EQ(stage.files, std::vector<std::string>{"one.jsonl"});
}

TEST(Config, TaggedEntriesMayBeEmptyOrBare) {
  const RootConfig config = read("pipeline:\n  - sft:\n  - eval\n  - grpo: {}\n");
  ASSERT_EQ(config.stages.size(), 3u);
  EXPECT_EQ(config.stages[0].first, "sft");
  EXPECT_EQ(config.stages[1].first, "eval");
  EXPECT_EQ(config.stages[2].second.name, "grpo");
}

TEST(Config, AnEmptySectionIsAllDefaults) {
  const RootConfig config = read("pipeline:\n  - grpo:\n      rollout:\n      student:\n");
  EXPECT_EQ(config.stages[0].second.rollout.n, 8);
  EXPECT_TRUE(config.stages[0].second.has_student);
}

TEST(Config, OptionalSectionIsPresentOnlyWhereWritten) {
  const RootConfig config = read("pipeline: [{grpo: {}}, {grpo: {student: {lr: 2}}}]");
  EXPECT_FALSE(config.stages[0].second.has_student);
  EXPECT_TRUE(config.stages[1].second.has_student);
  EXPECT_EQ(config.stages[1].second.student.lr, 2);
}

TEST(Config, WrongValuesNamePlaceKeyValueAndExpectation) {
  EXPECT_EQ(error_of("pipeline:\n  - grpo:\n      name: rl\n      optim:\n        lr: fast\n"),
            "run.yaml:5:9: pipeline.rl.optim.lr = fast: expected a number >= 0");
  EXPECT_EQ(error_of("pipeline:\n  - grpo: {rollout: {n: 0}}\n"),
            "run.yaml:2:22: pipeline.grpo.rollout.n = 0: expected a whole number from 1 to 1024");
  EXPECT_EQ(error_of("pipeline: [{grpo: {rollout: {top_p: 1.5}}}]"),
            "run.yaml:1:30: pipeline.grpo.rollout.top_p = 1.5: expected a number from 0 to 1");
  EXPECT_EQ(error_of("pipeline: [{grpo: {rollout: {mode: slow}}}]"),
            "run.yaml:1:30: pipeline.grpo.rollout.mode = slow: expected one of exact, fast");
  EXPECT_EQ(error_of("\nseed: 1.5\n"), "run.yaml:2:1: seed = 1.5: expected a whole number");
  EXPECT_EQ(error_of("seed: \"1\"\n"), "run.yaml:1:1: seed = \"1\": expected a whole number");
  EXPECT_EQ(error_of("seed:\n"), "run.yaml:1:1: seed = (nothing): expected a whole number");
  EXPECT_EQ(error_of("seed: 9223372036854775808\n"),
            "run.yaml:1:1: seed = 9223372036854775808: expected a whole number");
  EXPECT_EQ(error_of("exact: yes\n"), "run.yaml:1:1: exact = yes: expected true or false");
  EXPECT_EQ(error_of("path: [a]\n"), "run.yaml:1:1: path = (a list of 1): expected text");
  EXPECT_EQ(error_of("sizes: {a: 1}\n"), "run.yaml:1:1: sizes = {a: ...}: expected a list");
  EXPECT_EQ(error_of("sizes: [1, two]\n"), "run.yaml:1:12: sizes = two: expected a whole number");
  for (const char* lr : {"nan", ".nan", "inf", ".inf", "1e999", "1e-3x", "-1", "''"})
    EXPECT_NE(error_of(std::string("pipeline: [{sft: {optim: {lr: ") + lr + "}}}]"), "no error")
        << lr;
}

TEST(Config, WrongShapesAreNamed) {
  EXPECT_EQ(error_of("- a\n"), "run.yaml:1:1: expected a mapping of keys to values");
  EXPECT_EQ(error_of("pipeline: [{sft: {optim: 5}}]"),
            "run.yaml:1:19: pipeline.sft.optim = 5: expected a mapping of keys to values");
  EXPECT_EQ(error_of("pipeline: {sft: {}}"),
            "run.yaml:1:1: pipeline = {sft: ...}: expected a list of entries `- sft: {...}`");
  EXPECT_EQ(error_of("pipeline: [{sft: {}, grpo: {}}]"),
            "run.yaml:1:12: pipeline.0 = {sft: ...}: expected `- KIND: {...}` where KIND is one of "
            "sft, grpo, eval");
  EXPECT_EQ(
      error_of("pipeline: [{grppo: {}}]"),
      "run.yaml:1:12: pipeline.grppo: \"grppo\" is unknown (did you mean \"grpo\"?); expected "
      "one of sft, grpo, eval");
}

TEST(Config, UnknownKeysNameTheNearest) {
  EXPECT_EQ(error_of("sead: 1\n"),
            "run.yaml:1:1: sead: unknown key \"sead\" (did you mean \"seed\"?)");
  EXPECT_EQ(
      error_of("pipeline:\n  - sft:\n      optim:\n        lr: 1\n        beta: [1, 2]\n"),
      "run.yaml:5:9: pipeline.sft.optim.beta: unknown key \"beta\" (did you mean \"betas\"?)");
  EXPECT_EQ(error_of("zzzzzzzzz: 1\n"), "run.yaml:1:1: zzzzzzzzz: unknown key \"zzzzzzzzz\"");
  EXPECT_EQ(
      error_of("pipeline: [{sft: {studnet: {}}}]"),
      "run.yaml:1:19: pipeline.sft.studnet: unknown key \"studnet\" (did you mean \"student\"?)");
}

TEST(Config, DuplicateKeysAreErrors) {
  EXPECT_EQ(error_of("seed: 1\nexact: true\nseed: 2\n"),
            "run.yaml:3:1: key \"seed\" appears twice, first at run.yaml:1:1");
}

TEST(Config, BadSyntaxIsAConfigErrorWithItsPlace) {
  EXPECT_TRUE(error_of("seed: [1\n").starts_with("run.yaml:2:1: not valid YAML: "))
      << error_of("seed: [1\n");
  EXPECT_TRUE(error_of("a: 1\n---\nb: 2\n").find("2 YAML documents") != std::string::npos);
  EXPECT_TRUE(error_of("seed: &x [*x]\n").find("levels deep") != std::string::npos);
  EXPECT_THROW(read_config_file("/nonexistent/run.yaml", {}, [](Fields&) {}), ConfigError);
}

TEST(Config, CrossFieldRulesFailAtTheirKey) {
  EXPECT_EQ(error_of("pipeline:\n  - sft:\n      optim:\n        betas: [0.9]\n"),
            "run.yaml:4:9: pipeline.sft.optim.betas = (a list of 1): needs two numbers");
}

TEST(Config, AMissingKeyIsReportedAsTheMisspeltOne) {
  const auto describe = [](Fields& f) {
    std::string path;
    f.field("path", path, "");
    if (path.empty()) f.fail("path", "is needed");
  };
  const auto message = [&](const std::string& text) -> std::string {
    try {
      read_config_text(text, "m.yaml", {}, describe);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("{}"), "m.yaml:1:1: path: is needed");
  EXPECT_EQ(message("\npaht: x\n"),
            "m.yaml:2:1: paht: unknown key \"paht\" (did you mean \"path\"?)");
}

TEST(Config, HasTellsWhatTheFileSays) {
  bool has_seed = false, has_exact = true;
  read_config_text("seed: 1", "m.yaml", {}, [&](Fields& f) {
    has_seed = f.has("seed");
    has_exact = f.has("exact");
    int64_t seed = 0;
    f.field("seed", seed, "");
  });
  EXPECT_TRUE(has_seed);
  EXPECT_FALSE(has_exact);
}

TEST(ConfigOverride, ReachesNestedKeysListEntriesAndNames) {
  const RootConfig config =
      read(kPipeline, {"seed=11", "pipeline.rl.rollout.n=16", "pipeline.0.optim.lr=0.5",
                       "pipeline.rl.files.1=c.jsonl", "pipeline.sft.optim.betas=[0.1, 0.2]",
                       "pipeline.eval.name=last", "template='{q}: x=y'"});
  EXPECT_EQ(config.seed, 11);
  EXPECT_EQ(config.stages[1].second.rollout.n, 16);
  EXPECT_EQ(config.stages[0].second.optim.lr, 0.5);
  EXPECT_EQ(config.stages[0].second.optim.betas, (std::vector<double>{0.1, 0.2}));
  EXPECT_EQ(config.stages[1].second.files, (std::vector<std::string>{"a.jsonl", "c.jsonl"}));
  EXPECT_EQ(config.stages[2].second.name, "last");
  EXPECT_EQ(config.template_text, "{q}: x=y");
}

TEST(ConfigOverride, MakesWhatIsAbsentAndTheLastOneWins) {
  const RootConfig config =
      read(kPipeline, {"pipeline.grpo.student.lr=3", "exact=false", "seed=1", "seed=2"});
  EXPECT_TRUE(config.stages[1].second.has_student);
  EXPECT_EQ(config.stages[1].second.student.lr, 3);
  EXPECT_FALSE(config.exact);
  EXPECT_EQ(config.seed, 2);
  EXPECT_EQ(read("", {"seed=5"}).seed, 5);
}

TEST(ConfigOverride, MistakesNameTheOverride) {
  EXPECT_EQ(
      error_of(kPipeline, {"pipeline.rl.rollout.n=many"}),
      "override \"pipeline.rl.rollout.n=many\": pipeline.rl.rollout.n = many: expected a whole "
      "number from 1 to 1024");
  EXPECT_EQ(
      error_of(kPipeline, {"pipeline.rl.rolout.n=8"}),
      "override \"pipeline.rl.rolout.n=8\": pipeline.rl.rolout: unknown key \"rolout\" (did you "
      "mean \"rollout\"?)");
  EXPECT_EQ(error_of(kPipeline, {"pipeline.ri.rollout.n=8"}),
            "override \"pipeline.ri.rollout.n=8\": pipeline has no entry \"ri\" (did you mean "
            "\"rl\"?); its entries: sft, rl, eval");
  EXPECT_EQ(error_of(kPipeline, {"pipeline.9.name=x"}),
            "override \"pipeline.9.name=x\": pipeline has 3 entries, counted from 0");
  EXPECT_EQ(error_of(kPipeline, {"seed"}),
            "override \"seed\": expected key=value, such as run.seed=2");
  EXPECT_EQ(error_of(kPipeline, {"pipeline..n=1"}),
            "override \"pipeline..n=1\": a part of the key is empty");
  EXPECT_TRUE(error_of("", {"template={q} a"}).find("put quotes around") != std::string::npos);
  EXPECT_EQ(error_of("pipeline: [{sft: {}}, {sft: {}}]", {"pipeline.sft.name=x"}),
            "override \"pipeline.sft.name=x\": 2 entries of pipeline are called \"sft\"; give the "
            "index instead");
  EXPECT_EQ(error_of("", {"seed.deep=1"}),
            "override \"seed.deep=1\": seed = {deep: ...}: expected a whole number");
}

RootConfig awkward_config() {
  RootConfig config = read(kPipeline, {"pipeline.rl.student.lr=3"});
  config.template_text = "tab\t \"quote\" back\\slash\nline # no comment: {x} \x01 \xc3\xa9";
  config.path = "true";
  config.sizes = {INT64_MIN, 0, INT64_MAX};
  config.stages[0].second.optim.betas = {0.1 + 0.2, 1e-300};
  config.stages[1].second.optim.lr = 1e22;
  config.stages[1].second.files = {"", "null", "1e-3", "a b", "- x", "/data/a-b_c.jsonl"};
  return config;
}

TEST(ConfigPrint, ReadsBackToTheSameValues) {
  for (const bool with_docs : {false, true}) {
    RootConfig config = awkward_config();
    const std::string text = print_config([&](Fields& f) { config.describe(f); }, with_docs);
    SCOPED_TRACE(text);
    RootConfig again = read(text);
    EXPECT_EQ(again.template_text, config.template_text);
    EXPECT_EQ(again.path, config.path);
    EXPECT_EQ(again.sizes, config.sizes);
    ASSERT_EQ(again.stages.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(again.stages[i].first, config.stages[i].first);
      EXPECT_EQ(again.stages[i].second.name, config.stages[i].second.name);
      EXPECT_EQ(again.stages[i].second.optim.lr, config.stages[i].second.optim.lr);
      EXPECT_EQ(again.stages[i].second.optim.betas, config.stages[i].second.optim.betas);
      EXPECT_EQ(again.stages[i].second.files, config.stages[i].second.files);
      EXPECT_EQ(again.stages[i].second.has_student, config.stages[i].second.has_student);
    }
    EXPECT_EQ(print_config([&](Fields& f) { again.describe(f); }, with_docs), text);
  }
}

TEST(ConfigPrint, GivesDocsAndLimitsAsComments) {
  RolloutConfig config;
  EXPECT_EQ(print_config([&](Fields& f) { f.section("rollout", config, "Sampling."); }, true),
            "# Sampling.\n"
            "rollout:\n"
            "  n: 8  # Completions of a prompt. (from 1 to 1024)\n"
            "  top_p: 1.0  # Nucleus. (from 0 to 1)\n"
            "  mode: exact  # How. (exact | fast)\n");
  EXPECT_EQ(print_config([&](Fields& f) { f.section("rollout", config, "Sampling."); }, false),
            "rollout:\n  n: 8\n  top_p: 1.0\n  mode: exact\n");
}

TEST(ConfigPrint, LongCommentsAreWrappedAboveTheKeyAtAnyDepth) {
  double value = 1e-6;
  std::string doc;
  for (int i = 0; i < 40; ++i) doc += "word ";
  const std::string text = print_config(
      [&](Fields& f) {
        f.tagged_list(
            "list", 1, {"item"},
            [&](size_t, std::string& tag, Fields& fields) {
              tag = "item";
              fields.field("lr", value, doc.c_str());
            },
            "");
      },
      true);
  std::istringstream lines(text);
  size_t longest = 0;
  std::string line, last;
  while (std::getline(lines, line)) {
    longest = std::max(longest, line.size());
    last = line;
  }
  EXPECT_LE(longest, 100u);
  EXPECT_GE(longest, 95u);
  EXPECT_EQ(last, "      lr: 1.0e-06");
}

}  // namespace
}  // namespace cohort
