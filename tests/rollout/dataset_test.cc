#include "rollout/data/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/base/files.h"
#include "rollout/data/prompt_template.h"

namespace cohort {
namespace {

class DatasetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "cohort_dataset_test";
    make_folders(folder_);
  }
  void TearDown() override { remove_tree(folder_); }

  DataConfig file_of(const std::string& text) {
    DataConfig config;
    config.files = {folder_ + "/rows.jsonl"};
    write_file_atomic(config.files[0], text);
    return config;
  }
  std::shared_ptr<const Dataset> load(const DataConfig& config) {
    return Dataset::load(config, *tokenizer_);
  }
  void expect_error(const DataConfig& config, const std::string& part) {
    try {
      load(config);
      FAIL() << "no error, expected: " << part;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }

  std::string folder_;
  std::shared_ptr<const Tokenizer> tokenizer_ = Tokenizer::bytes({"<|user|>", "<|assistant|>"});
};

TEST_F(DatasetTest, AppliesTheModelsOwnChatTemplate) {
  DataConfig config = file_of(R"({"prompt": "2+3?", "answer": "5"})"
                              "\n");
  config.apply_chat_template = true;
  config.system_prompt = "Be brief.";
  expect_error(config, "chat_template");  // this tokenizer has none

  tokenizer_->save(folder_ + "/tokenizer");
  write_file_atomic(folder_ + "/tokenizer/chat_template.jinja",
                    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}"
                    "{% if add_generation_prompt %}<|assistant|>{% endif %}");
  tokenizer_ = Tokenizer::load(folder_ + "/tokenizer");
  const auto data = load(config);
  EXPECT_EQ(data->row(0).prompt, "<|system|>Be brief.\n<|user|>2+3?\n<|assistant|>");
  EXPECT_EQ(data->row(0).prompt_tokens, tokenizer_->encode(data->row(0).prompt));
  EXPECT_EQ(data->row(0).answer, "5");
}

TEST_F(DatasetTest, ATemplateThatAsksForTheDayGetsTheConfiguredOne) {
  DataConfig config = file_of(R"({"prompt": "2+3?", "answer": "5"})"
                              "\n");
  config.apply_chat_template = true;
  tokenizer_->save(folder_ + "/tokenizer");
  write_file_atomic(folder_ + "/tokenizer/chat_template.jinja",
                    "{{ strftime_now('%d %b %Y %H:%M') }}: {{ messages[0].content }}");
  tokenizer_ = Tokenizer::load(folder_ + "/tokenizer");
  EXPECT_EQ(load(config)->row(0).prompt, "26 Jul 2024 00:00: 2+3?");
  config.template_date = "1999-12-31";
  EXPECT_EQ(load(config)->row(0).prompt, "31 Dec 1999 00:00: 2+3?");
}

TEST_F(DatasetTest, ReadsKeysAndRendersTheTemplate) {
  DataConfig config = file_of(
      R"({"question": "2+3?", "answer": "so <<2+3=5>>5\n#### 1,005", "level": 4, "response": "r"})"
      "\n\n"
      R"({"question": "x", "answer": "#### 1 #### 2 ", "level": "hard"})"
      "\n");
  config.prompt_key = "question";
  config.answer_after = "####";
  config.prompt_template = "<|user|>{level}: {prompt} Answer in \\boxed{}.<|assistant|>";
  const auto data = load(config);
  ASSERT_EQ(data->size(), 2);
  EXPECT_EQ(data->row(0).prompt, "<|user|>4: 2+3? Answer in \\boxed{}.<|assistant|>");
  EXPECT_EQ(data->row(0).answer, "1005");
  EXPECT_EQ(data->row(0).response, "r");
  EXPECT_EQ(data->row(0).source, config.files[0] + ":1");
  EXPECT_EQ(data->row(1).source, config.files[0] + ":3");
  EXPECT_EQ(data->row(1).answer, "2");
  EXPECT_EQ(data->row(1).prompt_tokens, tokenizer_->encode(data->row(1).prompt));
}

TEST_F(DatasetTest, AResponseIsPutIntoItsTemplate) {
  DataConfig config = file_of(R"({"prompt": "2+3?", "answer": "2+3=5\n#### 1,005", "level": 4})"
                              "\n"
                              R"({"prompt": "1?", "answer": "#### 1", "level": 1})"
                              "\n");
  config.response_key = "answer";
  config.answer_after = "####";
  EXPECT_EQ(load(config)->row(0).response, "2+3=5\n#### 1,005");
  config.response_template = "<think>{working}</think><answer>{answer}</answer>{level}|{response}";
  const auto data = load(config);
  EXPECT_EQ(data->row(0).response, "<think>2+3=5</think><answer>1005</answer>4|2+3=5\n#### 1,005");
  EXPECT_EQ(data->row(1).response, "<think></think><answer>1</answer>1|#### 1");
  config.response_template = "{hint}";
  expect_error(config, "rows.jsonl:1: no key \"hint\"");
  config.response_key = "prompt";
  config.response_template = "{working}";
  expect_error(config, "rows.jsonl:1: the response has no \"####\"");
}

TEST_F(DatasetTest, ErrorsNameFileAndLine) {
  const std::string good = "{\"prompt\": \"a\", \"answer\": 1}\n";
  expect_error(file_of(good + "{\"answer\": 1}\n"), "rows.jsonl:2: no key \"prompt\"");
  expect_error(file_of(good + "{\"prompt\": [1]}\n"), "rows.jsonl:2: \"prompt\" is array");
  expect_error(file_of(good + "{\"prompt\": \"\"}\n"), "rows.jsonl:2: the prompt is empty");
  expect_error(file_of(good + "{\"prompt\": \"a\\u0000\"}\n"),
               "rows.jsonl:2: \"prompt\" contains a NUL");
  expect_error(file_of(good + "not json\n"), "rows.jsonl:2");
  expect_error(file_of(""), "no rows");
  DataConfig config = file_of(good);
  config.prompt_template = "{prompt} {hint}";
  expect_error(config, "rows.jsonl:1: no key \"hint\"");
  config.prompt_template = "{prompt}";
  config.answer_after = "####";
  expect_error(config, "rows.jsonl:1: the answer has no \"####\"");
  config.files = {folder_ + "/absent.jsonl"};
  expect_error(config, "absent.jsonl");
  expect_error(DataConfig(), "neither `files` nor `task`");
  tokenizer_ = Tokenizer::characters("0123456789", {});
  expect_error(file_of(good), "rows.jsonl:1: ");
}

TEST_F(DatasetTest, AGoldAnswerMayBeAProblemOrTheWholeRow) {
  DataConfig config = file_of("{\"prompt\": \"p\", \"answer\": {\"tests\": [1, \"a\"]}}\n");
  EXPECT_EQ(load(config)->row(0).answer, R"({"tests":[1,"a"]})");
  config.answer_key = "*";
  EXPECT_EQ(load(config)->row(0).answer, R"({"answer":{"tests":[1,"a"]},"prompt":"p"})");
}

TEST_F(DatasetTest, OverlongPromptsAreDroppedAndCounted) {
  DataConfig config =
      file_of("{\"prompt\": \"1234\"}\n{\"prompt\": \"12345\"}\n{\"prompt\": \"1\"}\n");
  config.max_prompt_length = 4;
  const auto data = load(config);
  EXPECT_EQ(data->size(), 2);
  EXPECT_EQ(data->num_overlong(), 1);
  EXPECT_EQ(data->row(1).prompt, "1");
  config.filter_overlong_prompts = false;
  expect_error(config, "rows.jsonl:2: the prompt has 5 tokens");
}

TEST_F(DatasetTest, NumRowsTakesTheFirst) {
  DataConfig config = file_of("{\"prompt\": \"1\"}\n{\"prompt\": \"2\"}\n{\"prompt\": \"3\"}\n");
  config.num_rows = 2;
  EXPECT_EQ(load(config)->size(), 2);
  config.files.push_back(config.files[0]);
  config.num_rows = 5;
  EXPECT_EQ(load(config)->size(), 5);
}

TEST_F(DatasetTest, MakesATasksRows) {
  DataConfig config;
  config.task = "arithmetic";
  config.split = "dev";
  const auto data = load(config);
  EXPECT_EQ(data->size(), 500);
  EXPECT_EQ(data->row(4).source, "arithmetic dev:5");
  config.task = "arithmetik";
  expect_error(config, "did you mean \"arithmetic\"");
}

TEST_F(DatasetTest, AStreamVisitsEveryRowOnceAnEpochInAFreshOrder) {
  std::string text;
  for (int i = 0; i < 10; ++i)
    text += "{\"prompt\": \"" + std::to_string(i) + "\", \"answer\": 7}\n";
  const auto data = load(file_of(text));
  const PromptStream stream(data, 5, 2, true), again(data, 5, 2, true), other(data, 6, 2, true);
  std::vector<int64_t> first, second, others;
  for (int64_t i = 0; i < 10; ++i) {
    first.push_back(stream.row_of(i));
    second.push_back(stream.row_of(10 + i));
    others.push_back(other.row_of(i));
  }
  EXPECT_NE(first, second);
  EXPECT_NE(first, others);
  for (const auto* order : {&first, &second})
    EXPECT_EQ(std::set<int64_t>(order->begin(), order->end()).size(), 10u);
  // A pure function of the ordinal: any order of asking gives the same.
  for (const int64_t ordinal : {13, 2, 19, 0}) {
    const Prompt prompt = again.at(ordinal);
    EXPECT_EQ(prompt.ordinal, ordinal);
    EXPECT_EQ(prompt.row, (ordinal < 10 ? first : second)[static_cast<size_t>(ordinal % 10)]);
    EXPECT_EQ(prompt.text, std::to_string(prompt.row));
    EXPECT_EQ(prompt.answer, "7");
    EXPECT_EQ(prompt.tokens, data->row(prompt.row).prompt_tokens);
  }
  const PromptStream in_order(data, 5, 2, false);
  EXPECT_EQ(in_order.row_of(13), 3);
}

DataConfig read_config(const std::string& text) {
  DataConfig config;
  read_config_text(text, "test", {}, [&](Fields& f) { config.describe(f); });
  return config;
}

TEST(DataConfig, ReadsItsKeys) {
  const DataConfig config =
      read_config("{files: [a.jsonl], prompt_key: question, answer_after: '####', shuffle: false}");
  EXPECT_EQ(config.files, std::vector<std::string>{"a.jsonl"});
  EXPECT_EQ(config.prompt_key, "question");
  EXPECT_FALSE(config.shuffle);
  EXPECT_EQ(
      read_config(print_config([](Fields& f) { DataConfig().describe(f); }, false)).prompt_key,
      "prompt");
}

TEST(DataConfig, RefusesContradictions) {
  EXPECT_THROW(read_config("{files: [a], task: arithmetic}"), ConfigError);
  EXPECT_THROW(read_config("{task: arithmatic}"), ConfigError);
  EXPECT_THROW(read_config("{task: arithmetic, extract: gsm8k_calculator}"), ConfigError);
  EXPECT_THROW(read_config("{files: [a], exclude_files: [b]}"), ConfigError);
  EXPECT_THROW(read_config("{task: arithmetic, style_mix: [1, 2]}"), ConfigError);
  EXPECT_THROW(read_config("{task: arithmetic, style_mix: [0, 0, 0]}"), ConfigError);
  EXPECT_THROW(read_config("{task: arithmetic, style_mix: [-1, 1, 1]}"), ConfigError);
  EXPECT_THROW(read_config("{files: [a], response_template: same}"), ConfigError);
  EXPECT_THROW(read_config("{files: [a], response_template: '{working}'}"), ConfigError);
  EXPECT_THROW(read_config("{task: arithmetic, response_template: '{response}.'}"), ConfigError);
  // The gold answer in the prompt.
  EXPECT_THROW(read_config("{files: [a], prompt_template: 'Put it in \\boxed{answer}: {prompt}'}"),
               ConfigError);
}

TEST(PromptTemplate, OnlyNamesInBracesAreFields) {
  const auto shout = [](const std::string& key) { return "<" + key + ">"; };
  EXPECT_EQ(PromptTemplate("{a}{b_2}").render(shout), "<a><b_2>");
  EXPECT_EQ(PromptTemplate("{}{ a}{2}{a").render(shout), "{}{ a}{2}{a");
  EXPECT_EQ(PromptTemplate("{{a}}").render(shout), "{<a>}");
  EXPECT_EQ(PromptTemplate("").render(shout), "");
  EXPECT_TRUE(PromptTemplate("x {a}").uses("a"));
  EXPECT_FALSE(PromptTemplate("x a").uses("a"));
}

}  // namespace
}  // namespace cohort
