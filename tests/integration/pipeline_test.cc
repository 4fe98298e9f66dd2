// What a run computes does not depend on how often it was stopped, on the number of ranks, or on
// what became of its last checkpoint.
#include "trainer/pipeline.h"

#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "core/base/error.h"
#include "core/base/files.h"
#include "model/hf_folder.h"
#include "rollout/recorder.h"
#include "tests/integration/pipeline_fixture.h"
#include "trainer/checkpoint.h"
#include "trainer/model_export.h"
#include "trainer/model_source.h"
#include "trainer/run_folder.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

// While it lives no file grows beyond `bytes`: to a writer, a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_action_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_action_);
  }

 private:
  void (*old_action_)(int);
  rlimit old_{};
};

TEST_F(PipelineTest, EveryStageLeavesWhatItPromises) {
  run_reference();
  const std::string one = folder("one");
  for (const char* file :
       {"config.yaml", "log.txt", "metrics.jsonl", "tb", "cold/done.json", "samples/data.jsonl",
        "eval/eval-model.jsonl", "eval/eval-rl.jsonl", "eval/eval-student.jsonl"})
    EXPECT_TRUE(path_exists(one + "/" + file)) << file;
  // The exported student is the student.
  const LoadedModel student = load_model(one + "/student", "fp32");
  const LoadedModel exported = load_model(one + "/export", "fp32");
  EXPECT_EQ(std::memcmp(student.masters.const_data_ptr(), exported.masters.const_data_ptr(),
                        student.masters.nbytes()),
            0);
  EXPECT_EQ(exported.tokenizer->vocab_size(), 22);
  EXPECT_THROW(export_folder(student, one + "/log.txt", "hf", "f32"), InputError);
  EXPECT_TRUE(fs::is_regular_file(one + "/log.txt"));
  // Files that were sampled under the weights of the checkpoint before them.
  EXPECT_EQ(list_folder(one + "/rl/rollouts").size(), 4u);
  EXPECT_EQ(list_folder(one + "/rl/checkpoints"),
            (std::vector<std::string>{"step_000003", "step_000004"}));
}

TEST_F(PipelineTest, TheFirstUpdateOfEveryStepIsExactlyOnPolicy) {
  run_reference();
  int64_t rows = 0;
  for (const auto& [key, row] : metrics("one")) {
    if (!row.contains("rollout/logprob_abs_diff_max")) continue;
    EXPECT_EQ(row.at("rollout/logprob_abs_diff_max").get<double>(), 0.0) << key;
    EXPECT_FALSE(row.contains("rollout/kl_to_training")) << "it is for inexact runs";
    ++rows;
  }
  EXPECT_EQ(rows, 4);
}

// What may differ is measured, and the weights of training are what they are: so without another
// format nothing differs in an inexact run either, on any number of ranks and through any restart.
TEST_F(PipelineTest, AnInexactRunSaysHowRolloutAndTrainingDiffer) {
  const std::vector<std::string> same = {"run.exact=false",
                                         "pipeline.rl.actor.ppo_mini_batch_size=0"};
  std::vector<std::string> rounded = same;
  for (const char* stage : {"rl", "samples"})
    rounded.push_back(fmt::format("pipeline.{}.rollout.weights=q8_0", stage));
  ASSERT_EQ(run(config("same", same)), 0);
  ASSERT_EQ(run(config("one", rounded)), 0);
  int64_t measured = 0;
  for (const auto& [key, row] : metrics("same")) {
    if (!row.contains("rollout/kl_to_training")) continue;  // all groups were carried
    for (const char* name :
         {"logprob_abs_diff_max", "logprob_abs_diff_mean", "kl_to_training", "expert_sets_differ"})
      EXPECT_EQ(row.at(std::string("rollout/") + name).get<double>(), 0.0) << key << ' ' << name;
    ++measured;
  }
  EXPECT_GE(measured, 3);
  measured = 0;
  for (const auto& [key, row] : metrics("one")) {
    if (!row.contains("rollout/kl_to_training")) continue;
    const auto value = [&](const std::string& name) {
      return row.at("rollout/" + name).get<double>();
    };
    EXPECT_GT(value("kl_to_training"), 0) << key;
    EXPECT_GT(value("logprob_abs_diff_mean"), 0) << key;
    EXPECT_GE(value("logprob_abs_diff_max"), value("logprob_abs_diff_mean")) << key;
    // The largest has no such bound: where a gate's scores are near each other, rounding changes
    // the experts, and with them a token's log-prob by any amount.
    EXPECT_LT(value("logprob_abs_diff_mean"), 0.05) << key;
    EXPECT_LT(value("kl_to_training"), 0.01) << key;
    EXPECT_LT(value("expert_sets_differ"), 0.2) << key;
    ++measured;
  }
  EXPECT_GE(measured, 3);
  EXPECT_NE(total("same"), total("one"));

  ASSERT_EQ(run(config("ranks", rounded), 2), 0);
  expect_like_reference("ranks");
  std::vector<std::string> hurried = rounded;
  hurried.push_back("run.time_limit=1.0e-6");
  for (int start = 0; run(config("stops", hurried), start % 2 + 1) != 0; ++start)
    ASSERT_LT(start, 50);
  expect_like_reference("stops");
}

TEST_F(PipelineTest, StoppedAfterEveryStepItIsTheSameRun) {
  run_reference();
  // Time is always over, so every start makes one step.
  const RunConfig hurried = config("stops", {"run.time_limit=1.0e-6"});
  int starts = 1;
  for (int code = run(hurried); code != 0; code = run(hurried), ++starts) {
    ASSERT_EQ(code, 130);
    ASSERT_LT(starts, 50);
  }
  EXPECT_GT(starts, 10);
  expect_like_reference("stops");
}

TEST_F(PipelineTest, TwoAndFourRanksMakeTheSameRun) {
  run_reference();
  for (const int ranks : {2, 4}) {
    const std::string name = fmt::format("ranks{}", ranks);
    EXPECT_EQ(run(config(name), ranks), 0);
    expect_like_reference(name);
  }
}

TEST_F(PipelineTest, StoppedOnOneNumberOfRanksItGoesOnOnAnother) {
  run_reference();
  const RunConfig hurried = config("mixed", {"run.time_limit=1.0e-6"});
  int start = 0;
  while (run(hurried, start % 3 == 0 ? 2 : 1) != 0) ASSERT_LT(++start, 50);
  expect_like_reference("mixed");
}

TEST_F(PipelineTest, ACorruptCheckpointCostsStepsAndNothingElse) {
  run_reference();
  const RunConfig hurried = config("corrupt", {"run.time_limit=1.0e-6"});
  while (!path_exists(folder("corrupt") + "/rl/checkpoints/step_000003"))
    ASSERT_EQ(run(hurried), 130);
  fs::resize_file(folder("corrupt") + "/rl/checkpoints/step_000003/rank_00000.h5", 1000);
  EXPECT_EQ(run(config("corrupt")), 0);
  expect_like_reference("corrupt");
}

TEST_F(PipelineTest, AFullDiskEndsTheRunAndCostsStepsAndNothingElse) {
  run_reference();
  const RunConfig hurried = config("full", {"run.time_limit=1.0e-6"});
  const std::string saved = folder("full") + "/rl/checkpoints/";
  while (!path_exists(saved + "step_000001")) ASSERT_EQ(run(hurried), 130);
  const auto whole = fs::file_size(saved + "step_000001/rank_00000.h5");
  const auto alone = make_null_communicator();
  {
    const FileSizeLimit limit(whole / 2);
    try {
      run_pipeline(config("full"), *alone, {});
      ADD_FAILURE() << "half a checkpoint is no checkpoint";
    } catch (const IoError& e) {
      const std::string text = e.what();
      EXPECT_NE(text.find("part_step_000002/rank_00000.h5.part: cannot write"), std::string::npos)
          << text;
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    }
  }
  EXPECT_FALSE(path_exists(saved + "step_000002"));
  EXPECT_EQ(run(config("full")), 0);
  expect_like_reference("full");
}

// There is no other checkpoint that later stages could take.
TEST_F(PipelineTest, ACorruptCheckpointOfAFinishedStageIsRefused) {
  const RunConfig hurried = config("finished", {"run.time_limit=1.0e-6"});
  while (!path_exists(folder("finished") + "/cold/done.json")) ASSERT_EQ(run(hurried), 130);
  const std::string file = folder("finished") + "/cold/checkpoints/step_000030/rank_00000.h5";
  std::string bytes = read_file(file);
  bytes[bytes.size() / 2] ^= 1;
  write_file_atomic(file, bytes);
  const auto alone = make_null_communicator();
  EXPECT_THROW(run_pipeline(config("finished"), *alone, {}), InputError);
}

// A coefficient of 0 needs no reference, as does no KL term.
TEST_F(PipelineTest, AKlTermOfNoWeightTrainsWithoutAReference) {
  ASSERT_EQ(run(config("zero", {"pipeline.rl.actor.kl_loss_coef=0"})), 0);
  ASSERT_EQ(run(config("none", {"pipeline.rl.actor.use_kl_loss=false"})), 0);
  EXPECT_EQ(total("zero"), total("none"));
  EXPECT_EQ(metrics("zero"), metrics("none"));
}

TEST_F(PipelineTest, ValidationStopsWhereTheRolloutDoes) {
  ASSERT_EQ(run(config("stop", {"pipeline.rl.rollout.stop=[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\","
                                "\"6\",\"7\",\"8\",\"9\",\"+\",\"-\",\"=\",\",\",\"<\"]",
                                "pipeline.rl.total_steps=2"})),
            0);
  EXPECT_EQ(metrics("stop").at("rl0").at("val/response_length/max").get<double>(), 1);
  EXPECT_EQ(metrics("stop").at("rl2").at("val/response_length/max").get<double>(), 1);
}

TEST_F(PipelineTest, OfEquallyGoodCheckpointsTheLaterIsHandedOn) {
  ASSERT_EQ(run(config("best", {"pipeline.rl.keep_best=true", "pipeline.rl.test_freq=1"})), 0);
  int64_t best = -1;
  double accuracy = -1;
  const auto rows = metrics("best");
  for (int64_t step = 0; step <= 4; ++step) {
    const double at = rows.at(fmt::format("rl{}", step)).at("val/accuracy");
    if (at < accuracy) continue;
    best = step;
    accuracy = at;
  }
  EXPECT_GT(best, 0);
  EXPECT_EQ(read_done(folder("best") + "/rl")->checkpoint, fmt::format("step_{:06d}", best));
}

// Waves of a reject stage count for the policy that they were sampled from, and no other.
TEST_F(PipelineTest, WavesOfAnotherPolicyAreSampledAgain) {
  run_reference();
  const RunConfig hurried = config("waves", {"run.time_limit=1.0e-6"});
  const std::string waves = folder("waves");
  while (!path_exists(waves + "/samples/rollouts/step_000002.h5")) ASSERT_EQ(run(hurried), 130);
  const auto alone = make_null_communicator();
  EXPECT_THROW(
      run_pipeline(config("waves", {"pipeline.samples.rollout.temperature=0.5"}), *alone, {}),
      ConfigError);
  EXPECT_TRUE(path_exists(waves + "/samples/rollouts/step_000001.h5"));
  // Waves of other prompts: the second in place of the first.
  fs::copy_file(waves + "/samples/rollouts/step_000002.h5",
                waves + "/samples/rollouts/step_000001.h5", fs::copy_options::overwrite_existing);
  auto mark = read_mark(start_mark(waves + "/samples"));
  ASSERT_TRUE(mark);
  testing::internal::CaptureStderr();
  ASSERT_EQ(run(hurried), 130);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("its prompts are not those of the wave"),
            std::string::npos);
  mark->model = "another";  // as if they were sampled from one that is there no more
  write_mark(start_mark(waves + "/samples"), *mark);
  testing::internal::CaptureStderr();
  ASSERT_EQ(run(config("waves")), 0);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("begins anew"), std::string::npos);
  expect_like_reference("waves");
}

// An eval stage's marks stand for a row, of these very weights.
TEST_F(PipelineTest, AModelIsMeasuredAgainWithoutItsRowOrWithOtherWeights) {
  run_reference();
  const auto before = metrics("one");
  const std::string one = folder("one");
  fs::remove(one + "/eval/done.json");
  JsonlWriter::truncate_after(one + "/metrics.jsonl", [](const nlohmann::json& row) {
    return row.at("stage") != "eval" || row.at("step") != 2;
  });
  const auto again = [&] {
    const auto written = fs::last_write_time(one + "/eval/eval-model.jsonl");
    fs::remove_all(one + "/hf");
    fs::remove(one + "/eval/done.json");
    EXPECT_EQ(run(config("one")), 0);
    EXPECT_EQ(metrics("one"), before);
    return fs::last_write_time(one + "/eval/eval-model.jsonl") != written;
  };
  EXPECT_FALSE(again());  // the first model's row was there
  auto mark = read_mark(one + "/eval/measured-model.json");
  ASSERT_TRUE(mark);
  mark->model = "another";
  write_mark(one + "/eval/measured-model.json", *mark);
  EXPECT_TRUE(again());
}

TEST_F(PipelineTest, AnExportThatDiedBeforeItsMarkIsMadeAgain) {
  const std::string target = folder_ + "/model";
  const RunConfig exporting = config("run", {"pipeline.hf.folder=" + target});
  ASSERT_EQ(run(exporting), 0);
  fs::remove(folder("run") + "/hf/done.json");
  EXPECT_EQ(run(exporting), 0);
  // What somebody else has put there is left alone, and told at the start.
  fs::remove(folder("run") + "/hf/done.json");
  write_file_atomic(target + "/notes.txt", "mine");
  const auto alone = make_null_communicator();
  EXPECT_THROW(run_pipeline(exporting, *alone, {}), InputError);
  EXPECT_TRUE(path_exists(target + "/notes.txt"));
  EXPECT_THROW(run_pipeline(config("other", {"pipeline.hf.folder=" + target}), *alone, {}),
               InputError);
  EXPECT_FALSE(path_exists(folder("other") + "/cold/checkpoints"));
}

// No group can ever be accepted: one token is no answer, so all are wrong alike.
TEST_F(PipelineTest, AStepThatNeverEndsCanBeLeft) {
  const std::vector<std::string> endless = {
      "pipeline.rl.rollout.response_length=1", "pipeline.rl.overlong.buffer_len=0",
      "pipeline.rl.algorithm.filter_groups.metric=acc",
      "pipeline.rl.algorithm.filter_groups.max_num_gen_batches=0"};
  std::vector<std::string> hurried = endless;
  hurried.push_back("run.time_limit=1.0e-6");
  for (int ranks = 1; ranks <= 2; ++ranks) {
    while (!path_exists(folder("endless") + "/rl/checkpoints/step_000000"))
      ASSERT_EQ(run(config("endless", hurried), ranks), 130);
    EXPECT_EQ(run(config("endless", hurried), ranks), 130);
  }
}

// A configuration may be cut for a while without a loss.
TEST_F(PipelineTest, RowsOfStagesThatAreLeftOutStay) {
  run_reference();
  const auto before = metrics("one");
  RunConfig shorter = config("one");
  shorter.pipeline.resize(2);
  EXPECT_EQ(run(shorter), 0);
  EXPECT_EQ(metrics("one"), before);
}

TEST_F(PipelineTest, AnotherSeedIsAnotherRun) {
  run_reference();
  EXPECT_EQ(run(config("seed", {"run.seed=6"})), 0);
  EXPECT_NE(total("seed"), total("one"));
}

TEST_F(PipelineTest, AFinishedRunIsLeftAlone) {
  run_reference();
  const auto before = metrics("one");
  const std::string digest_before = total("one");
  EXPECT_EQ(run(config("one")), 0);
  EXPECT_EQ(metrics("one"), before);
  EXPECT_EQ(total("one"), digest_before);
}

TEST_F(PipelineTest, AContradictionWithWhatIsThereIsRefused) {
  const RunConfig hurried = config("run", {"run.time_limit=1.0e-6"});
  ASSERT_EQ(run(hurried), 130);
  const auto alone = make_null_communicator();
  const std::string written = read_file(folder("run") + "/config.yaml");
  EXPECT_THROW(run_pipeline(config("run", {"pipeline.cold.optim.lr=0.5"}), *alone, {}),
               ConfigError);
  EXPECT_EQ(read_file(folder("run") + "/config.yaml"), written);
  EXPECT_THROW(run_pipeline(config("run", {"run.resume_mode=disable"}), *alone, {}), ConfigError);
  EXPECT_EQ(run_pipeline(config("run", {"pipeline.cold.save_freq=5"}), *alone, {}), 0);
}

TEST_F(PipelineTest, ADryRunWritesNothing) {
  const auto alone = make_null_communicator();
  EXPECT_EQ(run_pipeline(config("dry"), *alone, {.dry_run = true}), 0);
  EXPECT_FALSE(path_exists(folder("dry")));
}

TEST_F(PipelineTest, BadGoldIsFoundBeforeTheFirstStep) {
  make_folders(folder_);
  std::string rows;
  for (int i = 0; i < 9; ++i)
    rows += fmt::format("{{\"prompt\":\"{}+1=\",\"answer\":\"{}\"}}\n", i, i + 1);
  write_file_atomic(folder_ + "/bad.jsonl", rows + "{\"prompt\":\"9+1=\",\"answer\":\"((10\"}\n");
  const std::vector<std::string> overrides = {
      "pipeline.rl.data.task=\"\"", "pipeline.rl.data.num_rows=0", "pipeline.rl.data.digits=3",
      "pipeline.rl.data.files=" + folder_ + "/bad.jsonl"};
  const auto alone = make_null_communicator();
  try {
    run_pipeline(config("gold", overrides), *alone, {});
    ADD_FAILURE() << "the bad gold answer was not seen";
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find("bad.jsonl:10"), std::string::npos) << e.what();
  }
  EXPECT_FALSE(path_exists(folder("gold") + "/cold/checkpoints"));
  std::vector<std::string> drop = overrides;
  drop.push_back("pipeline.rl.data.on_bad_gold=drop");
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(config("drop", drop)), 0);
  const std::string said = testing::internal::GetCapturedStderr();
  const std::string dropped = "rl: 1 of 10 rows dropped";
  const size_t place = said.find(dropped);
  EXPECT_NE(place, std::string::npos) << said;
  EXPECT_EQ(said.find(dropped, place + 1), std::string::npos) << "gold is graded once";
  for (const std::string& file : list_folder(folder("drop") + "/rl/rollouts"))
    for (const Group& group : read_groups(folder("drop") + "/rl/rollouts/" + file).groups)
      EXPECT_NE(group.prompt.row, 9) << file;
}

}  // namespace
}  // namespace cohort
