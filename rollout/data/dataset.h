// Rows of prompts and answers: from JSONL (gz too), or made by a built-in task.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "model/tokenizer/tokenizer.h"
#include "rollout/types.h"

namespace cohort {

struct DataConfig {
  std::vector<std::string> files;  // JSONL; or
  std::string task;                // "arithmetic", "calculator_shapes": generated
  int64_t num_rows = 0;  // of the task; 0: its default. With files: the first rows only, 0 all
  int64_t seed = 1;      // of the task
  std::string split = "train";  // of the task: train, dev, test. Disjoint, commuted twins included
  int64_t digits = 3;           // of the operands of "arithmetic"
  std::vector<double> style_mix;  // of made responses: direct, brief, full; empty: 0.3, 0.2, 0.5
  double short_answers = 0;  // share of a task's rows whose answer must be shorter than an operand
  std::string extract;  // "gsm8k_calculator": one row an annotation <<48/2=24>> of GSM8K's answers
  std::vector<std::string>
      exclude_files;  // of made or extracted rows: whose annotations, and twins, are left out
  std::string prompt_key = "prompt";
  std::string answer_key = "answer";
  std::string response_key = "response";  // sft
  // Text of a response: {response}, {working} (what of it stands before answer_after's mark),
  // {answer} (the gold) and {key} of any other key of the row.
  std::string response_template = "{response}";
  std::string
      answer_after;  // gold is the text after the last such mark ("####" for GSM8K), commas dropped
  std::string prompt_template = "{prompt}";  // {prompt} and {key} of any other key of the row
  bool apply_chat_template = false;  // the prompt is a user's message of the model's own template
  std::string system_prompt;         // its system's message; empty: none
  std::string template_date = "2024-07-26";  // its strftime_now; Llama 3 falls back to this day
  bool filter_overlong_prompts = true;       // false: an overlong prompt is an error
  int64_t max_prompt_length = 512;           // tokens
  bool shuffle = true;
  void describe(Fields& f);
};

struct Row {
  std::string source;  // "file:line"
  std::string prompt;  // rendered
  std::string answer;
  std::string response;
  std::vector<int32_t> prompt_tokens;
};

class Dataset {
 public:
  // Reads, renders, tokenizes, filters; counts what it drops. Throws InputError naming file and
  // line.
  static std::shared_ptr<const Dataset> load(const DataConfig& config, const Tokenizer& tokenizer);
  int64_t size() const { return static_cast<int64_t>(rows_.size()); }
  const Row& row(int64_t i) const { return rows_[static_cast<size_t>(i)]; }
  int64_t num_overlong() const { return num_overlong_; }

 private:
  std::vector<Row> rows_;
  int64_t num_overlong_ = 0;
};

// The endless stream of a stage: ordinal o is row order_epoch(o / size)[o % size], a fresh shuffle
// an epoch. A pure function of (seed, stage, ordinal), so its whole state is the next ordinal. Not
// for several threads at once (an epoch's order is kept).
class PromptStream {
 public:
  PromptStream(std::shared_ptr<const Dataset> data, uint64_t seed, uint32_t stage, bool shuffle);
  Prompt at(int64_t ordinal) const;
  int64_t row_of(int64_t ordinal) const;

 private:
  std::shared_ptr<const Dataset> data_;
  uint64_t seed_;
  uint32_t stage_;
  bool shuffle_;
  mutable int64_t epoch_ = -1;
  mutable std::vector<int64_t> order_;
};

// The rows of a built-in task (docs/tasks.md): config.task, num_rows, seed, split, style_mix.
// Nothing is tokenized.
std::vector<Row> make_task_rows(const DataConfig& config);

}  // namespace cohort
