// The whole recipe in one process, so small that it takes seconds, and a fixture that runs it with
// some keys changed.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "core/io/jsonl.h"
#include "tests/support/temp_folder.h"
#include "tests/support/thread_ranks.h"
#include "trainer/digest.h"
#include "trainer/pipeline.h"
#include "trainer/run_config.h"

namespace cohort {

inline constexpr const char* kRecipe = R"(
run: {name: run, seed: 5}
model:
  hidden_size: 32
  num_hidden_layers: 2
  intermediate_size: 48
  moe_intermediate_size: 16
  num_attention_heads: 2
  kv_lora_rank: 16
  qk_nope_head_dim: 8
  qk_rope_head_dim: 8
  v_head_dim: 8
  max_position_embeddings: 128
  initializer_range: 0.1
  tokenizer:
    alphabet: "0123456789+-=,"
    special: ["<pad>", "<|user|>", "<|assistant|>", "<think>", "</think>", "<answer>", "</answer>", "<|eos|>"]
pipeline:
  - sft:
      name: cold
      data: {task: arithmetic, digits: 2, num_rows: 40, style_mix: [1, 0, 0], train_batch_size: 16}
      optim: {lr: 1.0e-2}
      total_steps: 30
      val: {data: {task: arithmetic, digits: 2, split: dev, num_rows: 4}, response_length: 12}
      test_freq: 15
      save_freq: 10
  - grpo:
      name: rl
      data: {task: arithmetic, digits: 2, num_rows: 40, train_batch_size: 4}
      rollout: {n: 4, response_length: 12}
      algorithm:
        filter_groups: {enable: true, metric: score, max_num_gen_batches: 2, gen_batch_size: 3, surplus: carry}
      actor:
        ppo_mini_batch_size: 2
        ref_refresh_freq: 2
        router_bias_update_speed: 0.001
        optim: {lr: 1.0e-3}
      reward:
        - math: {}
        - format: {weight: 0.5, allow_empty_think: true}
      overlong: {buffer_len: 4, penalty_factor: 0.3}
      val: {data: {task: arithmetic, digits: 2, split: dev, num_rows: 4}, response_length: 12}
      total_steps: 4
      test_freq: 2
      save_freq: 1
  - reject:
      name: samples
      data: {task: arithmetic, digits: 2, num_rows: 20}
      rollout: {n: 4, response_length: 12}
      reward: [format: {allow_empty_think: true}]
      wave_size: 8
      max_kept: 2
  - distill:
      name: student
      student:
        hidden_size: 16
        num_hidden_layers: 1
        first_k_dense_replace: 1
        intermediate_size: 32
        num_attention_heads: 2
        kv_lora_rank: 8
        qk_nope_head_dim: 8
        qk_rope_head_dim: 8
        v_head_dim: 8
        max_position_embeddings: 128
      data: {train_batch_size: 4}
      total_steps: 3
      save_freq: 2
  - eval:
      models: [model, rl, student]
      data: {task: arithmetic, digits: 2, split: test, num_rows: 4}
      rollout: {n: 2, response_length: 12}
  - export: {name: hf, init: student}
)";

class PipelineTest : public TempFolderTest {
 protected:
  RunConfig config(const std::string& name, std::vector<std::string> overrides = {}) const {
    overrides.push_back("run.dir=" + folder_);
    overrides.push_back("run.name=" + name);
    return read_run_config_text(kRecipe, "recipe.yaml", overrides);
  }
  std::string folder(const std::string& name) const { return folder_ + "/" + name; }

  int run(const RunConfig& config, int ranks = 1) const {
    std::atomic<int> code = 0;
    run_thread_ranks(ranks, [&](Communicator& comm) {
      const int mine = run_pipeline(config, comm, {});
      if (comm.rank() == 0) code = mine;
    });
    return code;
  }
  std::string total(const std::string& name) const { return digest_total(digest(folder(name))); }

  // Rows by (stage, step), without what may differ between two runs.
  std::map<std::string, nlohmann::json> metrics(const std::string& name) const {
    static const std::regex skip("time|second|per_s|memory|throughput");
    std::map<std::string, nlohmann::json> rows;
    read_jsonl(folder(name) + "/metrics.jsonl", [&](const nlohmann::json& row, int64_t line) {
      nlohmann::json kept;
      for (const auto& [key, value] : row.items())
        if (!std::regex_search(key, skip)) kept[key] = value;
      const std::string key = row.at("stage").get<std::string>() + row.at("step").dump();
      EXPECT_TRUE(rows.emplace(key, kept).second) << "line " << line << ": a second row " << key;
    });
    return rows;
  }

  // The uninterrupted run on one rank that the others are compared with.
  void run_reference() {
    ASSERT_EQ(run(config("one")), 0);
    ASSERT_FALSE(total("one").empty());
  }
  void expect_like_reference(const std::string& name) const {
    EXPECT_EQ(total(name), total("one"));
    EXPECT_EQ(metrics(name), metrics("one"));
  }
};

}  // namespace cohort
