#include "trainer/checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/rng.h"
#include "model/hf_folder.h"
#include "tests/support/temp_folder.h"
#include "tests/support/thread_ranks.h"
#include "tests/trainer/toy.h"
#include "trainer/checkpoint_manifest.h"
#include "trainer/model_export.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public TempFolderTest {
 protected:
  std::string path(int64_t step) const { return fmt::format("{}/step_{:06d}", folder_, step); }
};

std::shared_ptr<const Tokenizer> tokenizer() {
  return Tokenizer::characters("0123456789", {"<eos>"});
}

using HfFiles = std::map<std::string, std::string>;
const HfFiles kHfFiles = {{kHfConfig, "{ \"a\" :1}\n"},
                          {kHfGenerationConfig, "\xff not even text"},
                          {kHfTensors, "[\"lm_head.weight\"]"}};

ModelConfig model_with(const HfFiles& hf_files) {
  ModelConfig config = toy::model_config();
  config.hf_files = hf_files;
  return config;
}

// A policy and its learner on one rank; every value is a function of its place and `salt`.
struct Rank {
  explicit Rank(Communicator& comm, float salt, at::ScalarType dtype = at::kFloat,
                const HfFiles& hf_files = {})
      : policy(model_with(hf_files), dtype),
        reference(toy::model_config(), dtype, 7),
        learner(*policy.decoder, comm, {}, {}) {
    Learner::State& state = learner.state();
    fill(state.master, state.begin, 0.25f + salt);
    fill(state.m, state.begin, 0.5f + salt);
    fill(state.v, state.begin, 0.75f + salt);
    state.tick = 12;
    learner.publish_masters();
    for (const auto& [name, buffer] : policy.store.buffers()) at::Tensor(buffer).fill_(salt + 3);
  }
  static void fill(at::Tensor& t, int64_t begin, float salt) {
    float* const out = t.mutable_data_ptr<float>();
    for (int64_t i = 0; i < t.numel(); ++i) out[i] = static_cast<float>(begin + i) * 1e-3f + salt;
  }

  toy::Policy policy, reference;
  Learner learner;
};

RunState some_state() {
  return {.values = {{"next_ordinal", 77}},
          .carried = {std::byte{1}, std::byte{250}, std::byte{0}}};
}

void save(const std::string& folder, Communicator& comm, const std::vector<int64_t>& steps,
          int64_t keep_last = 5, int64_t protect = -1, at::ScalarType dtype = at::kFloat,
          const HfFiles& hf_files = {}) {
  Rank rank(comm, 0, dtype, hf_files);
  CheckpointWriter writer(comm, folder, keep_last, tokenizer(), -1);
  writer.protect(protect);
  for (const int64_t step : steps)
    writer.save(step, rank.learner, rank.policy.store, &rank.reference.store, some_state());
  writer.finish();
}

bool equal(const at::Tensor& a, const at::Tensor& b) {
  return a.nbytes() == b.nbytes() &&
         std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
}

void truncate(const std::string& file) { fs::resize_file(file, fs::file_size(file) / 2); }

void flip_byte(const std::string& file, std::streamoff at) {
  std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
  f.seekg(at);
  const char byte = static_cast<char>(f.get() ^ 1);
  f.seekp(at);
  f.put(byte);
}

TEST_F(CheckpointTest, AnyNumberOfRanksReadsWhatAnyOtherWrote) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    for (const int writers : {1, 4}) {
      fs::remove_all(folder_);
      run_thread_ranks(writers,
                       [&](Communicator& comm) { save(folder_, comm, {3}, 5, -1, dtype); });
      for (const int readers : {1, 2, 4}) {
        run_thread_ranks(readers, [&](Communicator& comm) {
          Rank written(comm, 0, dtype), read(comm, 9, dtype);
          at::Tensor(read.reference.store.flat()).zero_();
          const std::string found = find_checkpoint(folder_, comm);
          ASSERT_EQ(found, path(3));
          const RunState state =
              load_checkpoint(found, comm, read.learner, read.policy.store, &read.reference.store);
          EXPECT_TRUE(equal(read.learner.state().master, written.learner.state().master));
          EXPECT_TRUE(equal(read.learner.state().m, written.learner.state().m));
          EXPECT_TRUE(equal(read.learner.state().v, written.learner.state().v));
          EXPECT_EQ(read.learner.state().tick, 12);
          EXPECT_TRUE(equal(read.policy.store.flat(), written.policy.store.flat()));
          EXPECT_TRUE(equal(read.reference.store.flat(), written.reference.store.flat()));
          for (const auto& [name, buffer] : read.policy.store.buffers())
            EXPECT_TRUE(equal(buffer, written.policy.store.buffers().at(name))) << name;
          EXPECT_EQ(state.values, some_state().values);
          EXPECT_EQ(state.carried, some_state().carried);
        });
      }
    }
  }
}

TEST_F(CheckpointTest, MastersAndConfigAreReadWithoutALearner) {
  run_thread_ranks(2, [&](Communicator& comm) { save(folder_, comm, {1}); });
  const at::Tensor masters = load_checkpoint_masters(path(1));
  at::Tensor expected = at::empty_like(masters);
  Rank::fill(expected, 0, 0.25f);
  EXPECT_TRUE(equal(masters, expected));
  EXPECT_EQ(load_checkpoint_config(path(1)).hidden_size, toy::model_config().hidden_size);
  EXPECT_EQ(Tokenizer::load(path(1) + "/tokenizer")->vocab_size(), 11);
}

TEST_F(CheckpointTest, FilesOfAHuggingFaceModelGoWithIt) {
  const auto alone = make_null_communicator();
  save(folder_, *alone, {1}, 5, -1, at::kFloat, kHfFiles);
  EXPECT_EQ(load_checkpoint_config(path(1)).hf_files, kHfFiles);
  EXPECT_EQ(read_file(path(1) + "/hf/config.json"), kHfFiles.at(kHfConfig));
  fs::remove_all(folder_);
  save(folder_, *alone, {1});
  EXPECT_TRUE(load_checkpoint_config(path(1)).hf_files.empty());
  EXPECT_FALSE(path_exists(path(1) + "/hf"));
}

std::map<std::string, std::string> content(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const std::string& name : list_folder(folder)) files[name] = read_file(folder + "/" + name);
  return files;
}

// A folder as Hugging Face has it, through a checkpoint, and out again when it is long gone.
TEST_F(CheckpointTest, AHuggingFaceFolderComesOutOfARunAsItWentIn) {
  const std::string hf = folder_ + "/hf", out = folder_ + "/out", run = folder_ + "/run";
  toy::Policy made(toy::model_config());
  save_hf_folder(hf, made.store, made.store.flat(), at::kBFloat16);
  tokenizer()->save(hf);
  std::string text = read_file(hf + "/config.json");
  text.insert(text.find('{') + 1, " \"transformers_version\" : \"4.1\",");
  write_file_atomic(hf + "/config.json", text);
  write_file_atomic(hf + "/generation_config.json", "{\"top_p\":0.95}");
  for (const char* name : {"special_tokens_map.json", "added_tokens.json"})
    write_file_atomic(hf + "/" + name, "{ }");
  for (const char* name : {"vocab.json", "merges.txt", "tokenizer.model"})
    write_file_atomic(hf + "/" + name, std::string("bytes\0\xff of ", 10) + name);
  write_file_atomic(hf + "/chat_template.jinja", "{{ messages }}");
  const auto given = content(hf);
  {
    const LoadedModel model = load_model(hf, "bf16");
    export_folder(model, out, "hf", "bf16");
    EXPECT_EQ(content(out), given);
    const auto alone = make_null_communicator();
    Learner learner(*model.decoder, *alone, {}, {});
    learner.state().master.copy_(model.masters);
    CheckpointWriter writer(*alone, run, 1, model.tokenizer, -1);
    writer.save(1, learner, *model.store, nullptr, some_state());
    writer.finish();
  }
  fs::remove_all(hf);
  fs::remove_all(out);
  const LoadedModel model = load_model(run + "/step_000001", "fp32");
  export_folder(model, out, "hf", "bf16");
  EXPECT_EQ(content(out), given);
  export_folder(model, out + "32", "hf", "f32");
  text.replace(text.find("bfloat16"), 8, "float32");
  EXPECT_EQ(read_file(out + "32/config.json"), text);
}

TEST_F(CheckpointTest, ATruncatedOneFallsBackToTheOneBefore) {
  run_thread_ranks(2, [&](Communicator& comm) { save(folder_, comm, {1, 2, 3}); });
  truncate(path(3) + "/rank_00001.h5");
  run_thread_ranks(4,
                   [&](Communicator& comm) { EXPECT_EQ(find_checkpoint(folder_, comm), path(2)); });
  truncate(path(2) + "/manifest.json");
  const auto alone = make_null_communicator();
  EXPECT_EQ(find_checkpoint(folder_, *alone), path(1));
  fs::remove(path(1) + "/rank_00000.h5");
  EXPECT_EQ(find_checkpoint(folder_, *alone), "");
}

TEST_F(CheckpointTest, AFlippedByteAnywhereIsSeen) {
  const auto alone = make_null_communicator();
  save(folder_, *alone, {1}, 5, -1, at::kFloat, kHfFiles);
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path(1)))
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  ASSERT_GE(files.size(), 3u);
  for (const std::string& file : files) {
    const auto size = static_cast<std::streamoff>(fs::file_size(file));
    for (const std::streamoff at : {std::streamoff{0}, size / 3, size / 2, size - 2}) {
      flip_byte(file, at);
      EXPECT_EQ(find_checkpoint(folder_, *alone), "") << file << " byte " << at;
      flip_byte(file, at);
    }
  }
  EXPECT_EQ(find_checkpoint(folder_, *alone), path(1));
}

TEST_F(CheckpointTest, KeepsTheNewestAndTheProtected) {
  run_thread_ranks(2, [&](Communicator& comm) { save(folder_, comm, {0, 1, 2, 3, 4}, 2, 1); });
  EXPECT_EQ(list_folder(folder_),
            (std::vector<std::string>{"step_000001", "step_000003", "step_000004"}));
}

TEST_F(CheckpointTest, AWriteThatWasNotFinishedIsNoCheckpoint) {
  const auto alone = make_null_communicator();
  save(folder_, *alone, {1});
  {
    Rank rank(*alone, 0);
    CheckpointWriter writer(*alone, folder_, 2, tokenizer(), 1);
    writer.save(2, rank.learner, rank.policy.store, nullptr, some_state());
  }
  EXPECT_EQ(find_checkpoint(folder_, *alone), path(1));
  EXPECT_TRUE(path_exists(folder_ + "/part_step_000002"));
  const CheckpointWriter next(*alone, folder_, 2, tokenizer(), 1);
  EXPECT_FALSE(path_exists(folder_ + "/part_step_000002"));
}

TEST_F(CheckpointTest, PollCommitsWithoutWaitingForTheNextSave) {
  run_thread_ranks(2, [&](Communicator& comm) {
    Rank rank(comm, 0);
    CheckpointWriter writer(comm, folder_, 2, tokenizer(), -1);
    writer.save(5, rank.learner, rank.policy.store, nullptr, some_state());
    while (!path_exists(path(5))) {
      comm.barrier("test");  // both ranks look at the same moment
      const bool there = path_exists(path(5));
      comm.barrier("test");
      if (there) break;
      writer.poll();
    }
    EXPECT_EQ(find_checkpoint(folder_, comm), path(5));
  });
}

TEST_F(CheckpointTest, WhatWasPassedOverIsPutAside) {
  const auto alone = make_null_communicator();
  save(folder_, *alone, {1, 2});
  truncate(path(2) + "/rank_00000.h5");
  ASSERT_EQ(find_checkpoint(folder_, *alone), path(1));
  Rank rank(*alone, 0);
  CheckpointWriter writer(*alone, folder_, 2, tokenizer(), 1);
  EXPECT_TRUE(path_exists(folder_ + "/corrupt_step_000002"));
  writer.save(2, rank.learner, rank.policy.store, nullptr, some_state());
  writer.finish();
  EXPECT_EQ(find_checkpoint(folder_, *alone), path(2));
}

TEST_F(CheckpointTest, AnotherModelIsRefused) {
  const auto alone = make_null_communicator();
  save(folder_, *alone, {1});
  ModelConfig larger = toy::model_config();
  larger.hidden_size = 64;
  toy::Policy policy(larger);
  Learner learner(*policy.decoder, *alone, {}, {});
  EXPECT_THROW(load_checkpoint(path(1), *alone, learner, policy.store, nullptr), InputError);
}

TEST_F(CheckpointTest, AFailedWriteEndsEveryRank) {
  std::atomic<int> failed = 0;
  run_thread_ranks(2, [&](Communicator& comm) {
    Rank rank(comm, 0);
    CheckpointWriter writer(comm, folder_, 2, tokenizer(), -1);
    writer.save(1, rank.learner, rank.policy.store, nullptr, some_state());
    writer.finish();
    // The next one finds a file where its folder should be.
    if (comm.rank() == 0) std::ofstream(folder_ + "/part_step_000002") << "x";
    comm.barrier("test");
    writer.save(2, rank.learner, rank.policy.store, nullptr, some_state());
    try {
      writer.finish();
    } catch (const IoError&) {
      ++failed;
    }
  });
  EXPECT_EQ(failed, 2);
}

TEST(CheckpointStep, IsReadFromTheNameAlone) {
  EXPECT_EQ(checkpoint_step("a/b/step_000012"), 12);
  EXPECT_EQ(checkpoint_step("step_0"), 0);
  EXPECT_EQ(checkpoint_step("corrupt_step_000012"), -1);
  EXPECT_EQ(checkpoint_step("step_12.h5"), -1);
  EXPECT_EQ(checkpoint_step("step_"), -1);
}

}  // namespace
}  // namespace cohort
