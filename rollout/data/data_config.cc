#include "model/chat_template/template_time.h"
#include "rollout/data/dataset.h"
#include "rollout/data/prompt_template.h"

namespace cohort {
namespace {

// A key of made rows that says something where nothing is made would be ignored without a word.
void refuse_task_keys(const DataConfig& config, Fields& f) {
  if (!config.task.empty()) return;
  const DataConfig defaults;
  const auto refuse = [&](const char* key, bool said) {
    if (said) f.fail(key, "belongs to a `task`; the rows of files have none");
  };
  refuse("split", config.split != defaults.split);
  refuse("digits", config.digits != defaults.digits);
  refuse("short_answers", config.short_answers != defaults.short_answers);
  if (!config.extract.empty()) return;  // extracted rows have made responses
  refuse("seed", config.seed != defaults.seed);
  refuse("style_mix", !config.style_mix.empty());
}

}  // namespace

void DataConfig::describe(Fields& f) {
  f.field("files", files, "JSONL files (.gz too), read in order. Or `task`.");
  f.field("task", task, "Rows made by a built-in task (docs/tasks.md). Or `files`.",
          {"", "arithmetic", "calculator_shapes"});
  f.field("num_rows", num_rows,
          "Rows of the task (0: 20000 in train, 500 in dev and test), or the first rows of the "
          "files (0: all).",
          at_least_int(0));
  f.field("seed", seed, "Seed of the task's rows and of the styles of made responses.",
          at_least_int(0));
  f.field("split", split, "Split of the task; no expression nor its commuted twin is in two.",
          {"train", "dev", "test"});
  f.field("digits", digits, "Digits of the operands of task arithmetic.", between_int(1, 6));
  f.field("style_mix", style_mix,
          "Weights of direct, brief and full working in made responses. Empty: [0.3, 0.2, 0.5].");
  f.field("short_answers", short_answers,
          "Share of a task's rows whose answer must be shorter than an operand (964-869), beyond "
          "what falls by chance.",
          between(0.0, 1.0));
  f.field("extract", extract,
          "gsm8k_calculator: one row for each annotation <<48/2=24>> of GSM8K's answers.",
          {"", "gsm8k_calculator"});
  f.field("exclude_files", exclude_files,
          "GSM8K files whose annotations, and their commuted twins, are left out of made or "
          "extracted rows.");
  f.field("prompt_key", prompt_key, "Key of the prompt in a file's rows.");
  f.field("answer_key", answer_key,
          "Key of the gold answer: a text or a number, or a problem with its tests as an object; "
          "\"*\": the row is the problem.");
  f.field("response_key", response_key, "Key of the response that sft trains on.");
  f.field("response_template", response_template,
          "Text of a response: {response} is the row's, {working} what of it stands before "
          "answer_after's mark, {answer} the gold answer, {key} the text under any other key.");
  f.field("answer_after", answer_after,
          "The gold answer is what follows the last such mark (\"####\" for GSM8K), thousands "
          "commas dropped.");
  f.field("prompt_template", prompt_template,
          "Text of a prompt: {prompt} is the row's prompt, {key} the text under any other key.");
  f.field(
      "apply_chat_template", apply_chat_template,
      "The prompt becomes the user's message in the model's own chat template, and the answer is "
      "what its assistant says.");
  f.field("system_prompt", system_prompt, "The system's message; with apply_chat_template.");
  f.field(
      "template_date", template_date,
      "Day that the chat template's strftime_now says (Llama 3), YYYY-MM-DD: a run is the same on "
      "every day. With apply_chat_template.");
  f.field("filter_overlong_prompts", filter_overlong_prompts,
          "Drop prompts over max_prompt_length and count them; false: they are an error.");
  f.field("max_prompt_length", max_prompt_length, "Tokens of a prompt at most.", at_least_int(1));
  f.field("shuffle", shuffle, "A fresh order of the rows in every epoch; false: in order.");

  if (!files.empty() && !task.empty())
    f.fail("task", "excludes `files`: rows are read or made, not both");
  if (!extract.empty() && files.empty()) f.fail("extract", "needs `files`");
  if (!exclude_files.empty() && extract.empty() && task.empty())
    f.fail("exclude_files", "needs `extract` or `task`");
  refuse_task_keys(*this, f);
  double sum = 0;
  for (const double weight : style_mix) {
    if (weight < 0) f.fail("style_mix", "has a negative weight");
    sum += weight;
  }
  if (!style_mix.empty() && (style_mix.size() != 3 || sum <= 0))
    f.fail("style_mix", "must be three weights: direct, brief, full");
  if (!system_prompt.empty() && !apply_chat_template)
    f.fail("system_prompt", "needs apply_chat_template");
  if (!midnight_of(template_date)) f.fail("template_date", "expected a day such as 2024-07-26");
  if (template_date != DataConfig().template_date && !apply_chat_template)
    f.fail("template_date", "needs apply_chat_template");
  if (!PromptTemplate(prompt_template).has_fields())
    f.fail("prompt_template", "has no field such as {prompt}: every prompt would be the same");
  if (PromptTemplate(prompt_template).uses(answer_key))
    f.fail("prompt_template", "shows the gold answer: {" + answer_key + "}");
  const PromptTemplate response(response_template);
  if (!response.has_fields())
    f.fail("response_template",
           "has no field such as {response}: every response would be the same");
  if (response.uses("working") && answer_after.empty())
    f.fail("response_template",
           "{working} is what stands before answer_after's mark, and there is none");
  if (response_template != DataConfig().response_template && (files.empty() || !extract.empty()))
    f.fail("response_template", "belongs to the rows of files; made rows have made responses");
}

}  // namespace cohort
