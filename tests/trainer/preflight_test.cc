#include "trainer/preflight.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/files.h"
#include "tests/support/error_text.h"
#include "tests/support/temp_folder.h"

namespace cohort {
namespace {

constexpr const char* kRecipe = R"(
run: {name: run, seed: 5}
model:
  hidden_size: 32
  num_hidden_layers: 1
  num_attention_heads: 2
  max_position_embeddings: 64
  tokenizer: {alphabet: "0123456789+-=,", special: ["<pad>", "<|user|>", "<|assistant|>", "<think>", "</think>",
              "<answer>", "</answer>", "<|eos|>"]}
pipeline:
  - sft: {name: cold, data: {task: arithmetic, digits: 2, num_rows: 40, style_mix: [1, 0, 0], train_batch_size: 8}, total_epochs: 2}
  - grpo: {name: rl, data: {task: arithmetic, digits: 2, num_rows: 30, train_batch_size: 4}, rollout: {n: 3, response_length: 12}, total_steps: 6}
  - reject: {name: samples, data: {task: arithmetic, digits: 2, num_rows: 20}, rollout: {n: 4, response_length: 12}}
  - distill: {name: student, student: {hidden_size: 16, num_hidden_layers: 1, first_k_dense_replace: 1, max_position_embeddings: 32}, total_steps: 3}
  - eval: {models: [model, student], data: {task: arithmetic, digits: 2, split: test, num_rows: 5}, rollout: {n: 2, response_length: 12}}
  - export: {name: hf, init: student}
)";

class PreflightTest : public TempFolderTest {
 protected:
  StagePlan check(size_t place, const std::vector<std::string>& overrides = {}) {
    const RunConfig config = read_run_config_text(kRecipe, "recipe.yaml", overrides);
    return Preflight(config, 2).check(place);
  }
  std::string fault(size_t place, const std::vector<std::string>& overrides) {
    return error_text<Error>([&] { check(place, overrides); });
  }
  // Overrides that make a stage read these lines.
  std::vector<std::string> with_rows(const std::string& stage, const std::string& lines) {
    make_folders(folder_);
    write_file_atomic(in_folder("rows.jsonl"), lines);
    const std::string data = "pipeline." + stage + ".data.";
    return {data + "task=\"\"", data + "num_rows=0",  data + "style_mix=[]",
            data + "digits=3",  data + "split=train", data + "files=" + in_folder("rows.jsonl")};
  }
};

TEST_F(PreflightTest, SaysWhatEveryStageWillDo) {
  EXPECT_EQ(check(0).work, "10 steps of 8 samples out of 40");
  EXPECT_EQ(check(0).start, "the run's model");
  EXPECT_EQ(check(1).work, "6 steps of 4 prompts x 3 completions out of 30 prompts");
  EXPECT_EQ(check(1).start, "cold");
  EXPECT_EQ(check(2).start, "rl");
  EXPECT_EQ(check(3).work, "3 steps of 32 samples that samples keeps");
  EXPECT_EQ(check(3).start, "random weights");
  EXPECT_EQ(check(4).start, "the run's model, student");
  EXPECT_EQ(check(5).shape.hidden_size, 16);
  // Both in fp32, one with a reference: weights, 4 of 8 shards' gradients, half of three states.
  const auto numel = static_cast<double>(check(0).shape.num_parameters());
  EXPECT_NEAR(check(0).training_mb, numel * (4 + 16 + 6) / (1 << 20), 1e-9);
  EXPECT_NEAR(check(1).training_mb, numel * (8 + 16 + 6) / (1 << 20), 1e-9);
}

TEST_F(PreflightTest, ALengthThatTheModelCannotHoldIsFoundInEveryStage) {
  const std::string expected =
      "with response_length 60 that is more than the model's "
      "max_position_embeddings ";
  EXPECT_NE(fault(1, {"pipeline.rl.rollout.response_length=60"}).find("rl: the longest"),
            std::string::npos);
  EXPECT_NE(fault(2, {"pipeline.samples.rollout.response_length=60"}).find(expected + "64"),
            std::string::npos);
  // The student's own limit, not the run's.
  EXPECT_EQ(fault(4, {"pipeline.eval.rollout.response_length=30", "pipeline.eval.models=model"}),
            "no error");
  EXPECT_NE(
      fault(4, {"pipeline.eval.rollout.response_length=30"}).find("max_position_embeddings 32"),
      std::string::npos);
  EXPECT_NE(fault(0, with_rows("cold", R"({"prompt":"1+1=","response":"1111111111111111111111111)"
                                       R"(1111111111111111111111111111111111111111111111"})"))
                .find("rows.jsonl:1: 76 tokens, the model has 64 positions"),
            std::string::npos);
}

TEST_F(PreflightTest, ACacheThatCannotHoldOneCompletionIsFoundInEveryStage) {
  const auto small = [&](size_t place, const std::string& engine) {
    return fault(place,
                 {"pipeline." + engine + ".num_blocks=1", "pipeline." + engine + ".block_size=4"});
  };
  EXPECT_NE(small(1, "rl.rollout.engine").find("cache blocks of 4, engine.num_blocks"),
            std::string::npos);
  EXPECT_NE(small(2, "samples.rollout.engine").find("samples: the longest"), std::string::npos);
  EXPECT_NE(small(4, "eval.rollout.engine").find("eval: the longest"), std::string::npos);
  EXPECT_EQ(fault(1, {"pipeline.rl.rollout.engine.num_blocks=100"}), "no error");
}

TEST_F(PreflightTest, AStopTokenThatTheVocabularyLacksIsRefused) {
  EXPECT_NE(fault(1, {"pipeline.rl.rollout.stop_token_ids=[22]"})
                .find("rl: stop_token_ids has 22, the vocabulary has 22 tokens"),
            std::string::npos);
  EXPECT_EQ(fault(1, {"pipeline.rl.rollout.stop_token_ids=[21]"}), "no error");
}

TEST_F(PreflightTest, AnOccupiedFolderIsNoPlaceForAnExport) {
  make_folders(in_folder("taken"));
  EXPECT_EQ(fault(5, {"pipeline.hf.folder=" + in_folder("taken")}), "no error");
  write_file_atomic(in_folder("taken/file"), "x");
  EXPECT_NE(fault(5, {"pipeline.hf.folder=" + in_folder("taken")}).find("the folder is not empty"),
            std::string::npos);
}

TEST_F(PreflightTest, ALossThatTheModelHasNoPartForIsRefused) {
  EXPECT_NE(fault(0, {"pipeline.cold.mtp_loss_weight=0.1"}).find("num_nextn_predict_layers 0"),
            std::string::npos);
  EXPECT_EQ(fault(0, {"pipeline.cold.mtp_loss_weight=0.1", "model.num_nextn_predict_layers=1"}),
            "no error");
  EXPECT_NE(fault(1, {"pipeline.rl.actor.train_mtp=true"}).find("rl: mtp_loss_weight"),
            std::string::npos);
  EXPECT_NE(fault(3, {"pipeline.student.aux_loss_alpha=0.01"}).find("the model has no experts"),
            std::string::npos);
}

TEST_F(PreflightTest, RowsWithoutWhatTheStageNeedsAreFound) {
  EXPECT_NE(fault(0, with_rows("cold", R"({"prompt":"1+1="})")).find("rows.jsonl:1: no response"),
            std::string::npos);
  EXPECT_NE(fault(0, with_rows("cold", R"({"prompt":"1+1=","response":"x"})"))
                .find("rows.jsonl:1: response: the tokenizer has no token for the character 'x'"),
            std::string::npos);
  EXPECT_NE(fault(4, with_rows("eval", R"({"prompt":"1+1="})"))
                .find("eval: 1 of 1 gold answers are not accepted by their own reward: "),
            std::string::npos);
}

// Such a row stays: it can be measured, and never be right.
TEST_F(PreflightTest, SomeBadGoldOfAnEvaluationIsAWarning) {
  const auto rows = with_rows("eval",
                              "{\"prompt\":\"1+1=\",\"answer\":\"2\"}\n"
                              "{\"prompt\":\"1+2=\",\"answer\":\"((3\"}\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(check(4, rows).work, "2 prompts x 2 samples and greedy");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("rows.jsonl:2 \"((3\" (gold_unparsable)"), std::string::npos) << log;
}

TEST_F(PreflightTest, AGoldThatOnlyItsRepetitionEqualsIsAWarning) {
  const auto rows = with_rows("eval",
                              "{\"prompt\":\"1+1=\",\"answer\":\"2\"}\n"
                              "{\"prompt\":\"1+2=\",\"answer\":\"\\\\lim_{x\\\\to 0} x\"}\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(check(4, rows).work, "2 prompts x 2 samples and greedy");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("eval: 1 of 2 gold answers equal nothing but their own repetition: "),
            std::string::npos)
      << log;
  EXPECT_NE(log.find("rows.jsonl:2 "), std::string::npos) << log;
}

}  // namespace
}  // namespace cohort
