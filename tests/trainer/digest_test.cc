#include "trainer/digest.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/files.h"
#include "rollout/recorder.h"
#include "tests/support/thread_ranks.h"
#include "tests/trainer/toy.h"
#include "trainer/checkpoint.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

struct Change {
  float moment = 0, bias = 0, logprob = 0;
};

// A run of one stage with a checkpoint and a rollout file, written by that many ranks.
std::string make_run(const std::string& name, int ranks, const Change& change) {
  const std::string folder = testing::TempDir() + "cohort_digest_" + name;
  fs::remove_all(folder);
  run_thread_ranks(ranks, [&](Communicator& comm) {
    toy::Policy policy(toy::model_config());
    Learner learner(*policy.decoder, comm, {}, {});
    Learner::State& state = learner.state();
    state.master.copy_(policy.masters.slice(0, state.begin, state.end));
    learner.publish_masters();
    if (state.end == policy.store.numel())
      state.m.mutable_data_ptr<float>()[state.m.numel() - 1] = change.moment;
    for (const auto& [_, buffer] : policy.store.buffers()) at::Tensor(buffer).fill_(change.bias);
    CheckpointWriter writer(comm, folder + "/rl/checkpoints", 2,
                            Tokenizer::characters("01", {"<eos>"}), -1);
    writer.save(4, learner, policy.store, nullptr, {});
    writer.finish();
  });
  make_folders(folder + "/rl/rollouts");
  Group group;
  group.prompt.tokens = {1, 2};
  group.completions = {{.tokens = {3, 0},
                        .logprob = {-0.5f, -1.0f + change.logprob},
                        .logprob_sampled = {-0.5f, -1.0f},
                        .finish = Finish::stop,
                        .text = ""}};
  write_groups(folder + "/rl/rollouts/step_000001.h5", {.stage = "rl", .step = 1, .rewards = {}},
               {group});
  write_file_atomic(folder + "/config.yaml", "run: {}\n");
  return folder;
}

std::string total(const std::string& name, int ranks, const Change& change) {
  return digest_total(digest(make_run(name, ranks, change)));
}

TEST(Digest, IsTheSameForAnyNumberOfRanks) {
  const std::string one = total("ranks1", 1, {});
  EXPECT_EQ(total("ranks2", 2, {}), one);
  EXPECT_EQ(total("ranks4", 4, {}), one);
}

TEST(Digest, SeesEveryKindOfState) {
  const std::string one = total("same", 1, {});
  EXPECT_NE(total("moment", 2, {.moment = 1e-30f}), one);
  EXPECT_NE(total("bias", 2, {.bias = 1e-30f}), one);
  EXPECT_NE(total("logprob", 2, {.logprob = 1e-6f}), one);
}

TEST(Digest, NamesEveryTensor) {
  const std::string folder = make_run("names", 1, {});
  std::vector<std::string> names;
  for (const DigestLine& line : digest(folder)) names.push_back(line.name);
  const auto has = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  EXPECT_TRUE(has("rl/master/model.embed_tokens.weight"));
  EXPECT_TRUE(has("rl/m/model.layers.0.self_attn.o_proj.weight"));
  EXPECT_TRUE(has("rl/buffer/model.layers.1.mlp.gate.e_score_correction_bias"));
  EXPECT_TRUE(has("rl/rollouts/step_000001.h5/logprob"));
  // A stage and a checkpoint of it are digested on their own too.
  EXPECT_FALSE(digest(folder + "/rl").empty());
  EXPECT_FALSE(digest(folder + "/rl/checkpoints/step_000004").empty());
}

}  // namespace
}  // namespace cohort
