// What can be known of a stage before it starts: its data, tokenizer, lengths and gold answers are
// fit, what it will do, and what memory it takes. Better known now than after hours of the stage
// before.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "trainer/model_source.h"
#include "trainer/run_config.h"

namespace cohort {

struct StagePlan {
  std::string work;        // "4 steps of 4 prompts x 4 completions"
  std::string start;       // "cold": whose weights it takes
  ModelConfig shape;       // of that model; of the first for an eval
  double training_mb = 0;  // weights, gradients, optimizer, reference; a rank, no activations
  double rollout_mb = 0;   // the cache at most
  // grpo: rows of its data, and those that are dropped for their gold answers. Found once: golds
  // that are programs have to be run.
  int64_t num_rows = 0;
  std::vector<int64_t> bad_rows = {};
};

class Preflight {
 public:
  Preflight(const RunConfig& config, int num_ranks) : config_(config), num_ranks_(num_ranks) {}

  // Throws InputError or ConfigError when the stage cannot do its work. What an earlier stage will
  // write (the samples of a reject stage) cannot be read yet and is not looked at.
  StagePlan check(size_t place);

 private:
  const ModelOutline& outline_of(size_t place, const std::string& init);
  const ModelOutline& outline_of(const ModelSection& section, const ModelSection& complete);
  std::string start_name(size_t place, const std::string& init) const;

  StagePlan check_sft(size_t place, const SftConfig& config);
  StagePlan check_grpo(size_t place, const GrpoConfig& config);
  StagePlan check_reject(size_t place, const RejectConfig& config);
  StagePlan check_eval(size_t place, const EvalConfig& config);
  void check_validation(const ValidationConfig& val, const std::string& stage,
                        const std::vector<RewardConfig>& reward, const EngineConfig& engine,
                        const ModelOutline& model) const;
  double training_mb(const ModelConfig& shape, bool with_reference) const;

  const RunConfig& config_;
  int num_ranks_;
  std::map<const ModelSection*, ModelOutline> outlines_;
};

}  // namespace cohort
