#include "trainer/run_config.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "trainer/config_values.h"

namespace cohort {
namespace {

const std::string kRun = R"(
run: {name: test, seed: 3}
model:
  hidden_size: 32
  tokenizer: {alphabet: "0123456789+-=", special: ["<eos>"]}
pipeline:
)";

RunConfig read(const std::string& pipeline, const std::vector<std::string>& overrides = {}) {
  return read_run_config_text(kRun + pipeline, "test.yaml", overrides);
}

// The message of the ConfigError that reading must throw.
std::string error_of(const std::string& pipeline) {
  try {
    read(pipeline);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "no error";
}

void expect_error(const std::string& pipeline, const std::vector<std::string>& parts) {
  const std::string error = error_of(pipeline);
  for (const std::string& part : parts)
    EXPECT_NE(error.find(part), std::string::npos) << "\"" << error << "\" lacks \"" << part << '"';
}

const std::string kSft = "  - sft: {name: cold, data: {task: arithmetic}, total_steps: 5}\n";
const std::string kGrpo = "  - grpo: {name: rl, data: {task: arithmetic}, total_steps: 5}\n";

TEST(RunConfig, AnEmptyAlgorithmIsGrpo) {
  const RunConfig config = read(kGrpo);
  const auto& grpo = std::get<GrpoConfig>(config.pipeline.at(0).body);
  EXPECT_EQ(grpo.algorithm.advantage.adv_estimator, "grpo");
  EXPECT_TRUE(grpo.algorithm.advantage.norm_adv_by_std_in_grpo);
  EXPECT_EQ(grpo.algorithm.advantage.epsilon, 1e-6);
  EXPECT_EQ(grpo.actor.loss.loss_agg_mode, "seq-mean-token-mean");
  EXPECT_EQ(grpo.actor.loss.clip_ratio_low, 0.2);
  EXPECT_EQ(grpo.actor.loss.clip_ratio_high, 0.2);
  EXPECT_TRUE(grpo.actor.loss.use_kl_loss);
  EXPECT_EQ(grpo.actor.loss.kl_loss_coef, 0.001);
  EXPECT_EQ(grpo.actor.loss.kl_loss_type, "k3");
  EXPECT_EQ(grpo.actor.ppo_mini_batch_size, 0);
  ASSERT_EQ(grpo.reward.size(), 2u);
  EXPECT_EQ(grpo.reward[0].kind, "math");
  EXPECT_EQ(grpo.reward[0].weight, 1.0);
  EXPECT_EQ(grpo.reward[1].kind, "format");
  EXPECT_EQ(grpo.reward[1].weight, 0.1);
}

TEST(RunConfig, AStageIsNamedByItsTagOrItsName) {
  const RunConfig config = read(kSft + "  - eval: {data: {task: arithmetic}}\n",
                                {"pipeline.cold.total_steps=9", "run.seed=8"});
  EXPECT_EQ(config.pipeline.at(0).name(), "cold");
  EXPECT_EQ(config.pipeline.at(1).name(), "eval");
  EXPECT_EQ(std::get<SftConfig>(config.pipeline[0].body).total_steps, 9);
  EXPECT_EQ(config.run.seed, 8);
}

TEST(RunConfig, RewardsAreAListOfKinds) {
  const RunConfig config = read(
      "  - grpo:\n      data: {task: arithmetic}\n      total_steps: 1\n      reward:\n"
      "        - math: {weight: 2.0}\n        - math: {name: again}\n");
  const auto& reward = std::get<GrpoConfig>(config.pipeline.at(0).body).reward;
  ASSERT_EQ(reward.size(), 2u);
  EXPECT_EQ(reward[0].weight, 2.0);
  EXPECT_EQ(reward[1].name, "again");
}

TEST(RunConfig, PrintedAndReadAgainItIsTheSame) {
  const RunConfig config =
      read(kSft + kGrpo +
           "  - reject: {data: {task: arithmetic}}\n"
           "  - distill: {name: student, student: {hidden_size: 16}, total_epochs: 1}\n"
           "  - eval: {models: [cold, rl, student], data: {task: arithmetic}}\n"
           "  - export: {init: student, type: bf16}\n");
  const std::string printed = print_run_config(config, true);
  const RunConfig again = read_run_config_text(printed, "printed.yaml");
  EXPECT_EQ(print_run_config(again, true), printed);
  for (size_t i = 0; i < config.pipeline.size(); ++i)
    EXPECT_EQ(numeric_values(config, config.pipeline[i]), numeric_values(again, again.pipeline[i]));
}

TEST(RunConfig, FaultsNameKeyAndValue) {
  expect_error("  - grpo: {data: {task: arithmetic}, total_step: 5}\n",
               {"test.yaml:", "total_step"});
  expect_error("  - grpo: {data: {task: arithmetic}}\n", {"total_steps"});
  expect_error(kSft + kSft, {"cold", "two stages"});
  expect_error("  - sft: {name: lock, data: {task: arithmetic}, total_steps: 1}\n", {"reserved"});
  expect_error("  - sft: {name: a/b, data: {task: arithmetic}, total_steps: 1}\n", {"a/b"});
  expect_error("  - grpo: {data: {task: arithmetic}, total_steps: 1, rollout: {top_p: 0.9}}\n",
               {"top_p"});
  expect_error("  - grpo: {data: {task: arithmetic}, total_steps: 1, rollout: {temperature: 0}}\n",
               {"temperature"});
  expect_error("  - grpo: {data: {task: arithmetic}, total_steps: 1, test_freq: 5}\n", {"val"});
  expect_error("  - grpo: {init: later, data: {task: arithmetic}, total_steps: 1}\n" + kSft,
               {"init", "later"});
  expect_error(kSft + "  - eval: {models: [cold, rl], data: {task: arithmetic}}\n", {"rl"});
  expect_error("  - distill: {student: {hidden_size: 16}, total_steps: 1}\n", {"reject"});
  expect_error("  []\n", {"pipeline"});
}

TEST(RunConfig, RolloutsInOtherWeightsAreForInexactRunsAlone) {
  const std::string rollout = ", rollout: {weights: q8_0}}\n";
  for (const std::string& stage : {"  - grpo: {data: {task: arithmetic}, total_steps: 1" + rollout,
                                   "  - reject: {data: {task: arithmetic}" + rollout,
                                   "  - eval: {data: {task: arithmetic}" + rollout}) {
    expect_error(stage, {"rollout", "q8_0", "run.exact: false"});
    EXPECT_EQ(error_of(stage).find('\n'), std::string::npos);
    EXPECT_NO_THROW(read(stage, {"run.exact=false"}));
    EXPECT_THROW(read(stage, {"run.exact=false", "run.device=cuda"}), ConfigError);
  }
  expect_error("  - grpo: {data: {task: arithmetic}, total_steps: 1, rollout: {weights: q4}}\n",
               {"weights", "q4", "q8_0"});
}

TEST(RunConfig, AKeyThatWouldDoNothingIsRefused) {
  const auto grpo = [](const std::string& rest) {
    return "  - grpo: {data: {task: arithmetic}, total_steps: 1, " + rest + "}\n";
  };
  for (const char* key :
       {"split: dev", "digits: 2", "seed: 2", "style_mix: [1, 0, 0]", "short_answers: 0.2"}) {
    const std::string name = std::string(key).substr(0, std::string(key).find(':'));
    const std::string stage = std::string("  - grpo: {total_steps: 1, data: {") + key;
    expect_error(stage + ", files: a.jsonl}}\n", {"data." + name, "`task`"});
    const bool used = name == "seed" || name == "style_mix";  // by extracted rows
    const std::string extracted = stage + ", files: a.jsonl, extract: gsm8k_calculator}}\n";
    EXPECT_EQ(error_of(extracted) == "no error", used) << error_of(extracted);
  }
  expect_error("  - sft: {data: {task: arithmetic, on_bad_gold: drop}, total_steps: 1}\n",
               {"on_bad_gold", "grpo"});
  for (const char* estimator : {"rloo", "reinforce++"})
    expect_error(
        grpo(fmt::format("algorithm: {{adv_estimator: {}, norm_adv_by_std_in_grpo: false}}",
                         estimator)),
        {"norm_adv_by_std_in_grpo", estimator});
  expect_error(grpo("actor: {loss_scale_factor: 64}"), {"loss_scale_factor", "token-sum-norm"});
  expect_error(grpo("actor: {train_mtp: true, mtp_loss_weight: 0}"), {"mtp_loss_weight"});
  expect_error(grpo("rollout: {n: 1}, algorithm: {filter_groups: {enable: true}}"),
               {"rollout", "filter_groups"});
  for (const char* stage : {"eval", "reject"})
    expect_error(fmt::format("  - {}: {{data: {{task: arithmetic}}, rollout: "
                             "{{n: 2, temperature: 0}}}}\n",
                             stage),
                 {"rollout.n", "greedy"});
}

TEST(RunConfig, GreedyIsOneSampleByDefault) {
  const RunConfig config =
      read("  - eval: {data: {task: arithmetic}, rollout: {temperature: 0}}\n");
  EXPECT_EQ(std::get<EvalConfig>(config.pipeline[0].body).rollout.sampling.n, 1);
  EXPECT_NO_THROW(read_run_config_text(print_run_config(config, false), "printed.yaml"));
}

TEST(RunConfig, TheRunsModelNeedsATokenizer) {
  EXPECT_THROW(read_run_config_text("model: {hidden_size: 32}\npipeline:\n" + kSft, "t.yaml"),
               ConfigError);
}

TEST(RunConfig, GivenWeightsKeepTheirShapeAndMayChooseTheFormOfAttention) {
  const std::string stages = "\npipeline:\n" + kSft;
  EXPECT_EQ(read_run_config_text("model: {path: weights, mla_form: absorbed}" + stages, "t.yaml")
                .model.shape.mla_form,
            "absorbed");
  EXPECT_THROW(read_run_config_text("model: {path: weights, hidden_size: 64}" + stages, "t.yaml"),
               ConfigError);
}

TEST(ConfigValues, KeysThatMoveWorkAboutAreFree) {
  const RunConfig config = read(kGrpo);
  const RunConfig moved =
      read(kGrpo, {"run.name=other", "run.dir=elsewhere", "run.threads=1", "run.time_limit=5",
                   "pipeline.rl.save_freq=3", "pipeline.rl.rollout.engine.max_num_seqs=4"});
  EXPECT_NO_THROW(check_same_values(numeric_values(config, config.pipeline[0]),
                                    numeric_values(moved, moved.pipeline[0]), "checkpoint"));
}

TEST(ConfigValues, AContradictionIsNamed) {
  const RunConfig config = read(kGrpo);
  for (const char* change : {"run.seed=4", "model.hidden_size=64", "pipeline.rl.rollout.n=16",
                             "pipeline.rl.actor.optim.lr=0.5", "run.dtype=bf16"}) {
    const RunConfig other = read(kGrpo, {change});
    try {
      check_same_values(numeric_values(config, config.pipeline[0]),
                        numeric_values(other, other.pipeline[0]), "step_000003");
      ADD_FAILURE() << change << " was not seen";
    } catch (const ConfigError& e) {
      const std::string message = e.what();
      EXPECT_NE(message.find("step_000003"), std::string::npos) << message;
    }
  }
}

}  // namespace
}  // namespace cohort
