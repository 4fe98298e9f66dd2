// Templates from folders, and conversations from JSON.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/files.h"
#include "tests/model/chat_template/render.h"

namespace cohort {
namespace {

class Folder : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "chat_template_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    remove_tree(folder_);
    make_folders(folder_);
  }
  void TearDown() override { remove_tree(folder_); }
  void write(const std::string& name, const std::string& text) {
    write_file_atomic(folder_ + "/" + name, text);
  }
  std::string rendered(bool tools = false) const {
    Conversation conversation;
    if (tools) conversation.tools = nlohmann::ordered_json::array();
    return ChatTemplate::load(folder_).render(conversation);
  }
  std::string folder_;
};

TEST_F(Folder, TheFileComesBeforeTheConfiguration) {
  write("tokenizer_config.json", R"({"chat_template": "config", "bos_token": "<s>"})");
  EXPECT_EQ(rendered(), "config");
  write("chat_template.jinja", "file {{ bos_token }}");
  EXPECT_EQ(rendered(), "file <s>");
}

TEST_F(Folder, SpecialTokensAreStringsOrHaveAContent) {
  write(
      "tokenizer_config.json",
      R"({"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "pad_token": null,
            "unk_token": "", "chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}{{ unk_token is defined }}"})");
  EXPECT_EQ(rendered(), "<s></s>FalseFalse");
  write("tokenizer_config.json", R"({"bos_token": 5, "chat_template": "a"})");
  EXPECT_NE(refusal([&] { rendered(); }).find("bos_token"), std::string::npos);
}

TEST_F(Folder, AnUnknownLengthIsALongInteger) {
  write("tokenizer_config.json",
        R"({"model_max_length": 1000000000000000019884624838656, "chat_template": "text"})");
  EXPECT_EQ(rendered(), "text");
}

TEST_F(Folder, OfSeveralTemplatesToolsHaveTheirOwn) {
  write(
      "tokenizer_config.json",
      R"({"chat_template": [{"name": "default", "template": "usual"}, {"name": "rag", "template": "{% nope %}"},
            {"name": "tool_use", "template": "tools"}]})");
  EXPECT_EQ(rendered(), "usual");
  EXPECT_EQ(rendered(true), "tools");
  write("tokenizer_config.json",
        R"({"chat_template": [{"name": "default", "template": "usual"}]})");
  EXPECT_EQ(rendered(true), "usual");
  write("tokenizer_config.json",
        R"({"chat_template": [{"name": "tool_use", "template": "tools"}]})");
  EXPECT_EQ(rendered(true), "tools");
  EXPECT_NE(refusal([&] { rendered(); }), "");
}

TEST_F(Folder, WhatIsMissingOrBrokenIsNamed) {
  EXPECT_NE(refusal([&] { rendered(); }).find("has no chat_template.jinja"), std::string::npos);
  for (const char* text : {"{", "[]", R"({"chat_template": 5})", R"({"chat_template": []})",
                           R"({"chat_template": [{"name": "other", "template": "x"}]})",
                           R"({"chat_template": [{"name": "default", "template": 1}]})",
                           R"({"chat_template": "{% if %}"})"}) {
    write("tokenizer_config.json", text);
    EXPECT_NE(refusal([&] { rendered(); }).find("tokenizer_config.json"), std::string::npos)
        << text;
  }
}

TEST(ParseConversation, KeepsTheOrderOfKeys) {
  const Conversation out = parse_conversation(
      R"({"messages": [{"z": 1, "a": 2.0, "m": -3}], "tools": [{"y": 1, "x": 2}], "add_generation_prompt": true, "kwargs": {"k": null}})",
      "line 1");
  EXPECT_EQ(out.messages.dump(), R"([{"z":1,"a":2.0,"m":-3}])");
  EXPECT_EQ(out.tools.dump(), R"([{"y":1,"x":2}])");
  EXPECT_TRUE(out.add_generation_prompt);
  EXPECT_EQ(out.kwargs.dump(), R"({"k":null})");
  EXPECT_TRUE(parse_conversation(R"({"messages": []})", "line 1").tools.is_null());
}

TEST(ParseConversation, RefusesWhatItWouldChange) {
  const auto why = [](const std::string& text) {
    return refusal([&] { parse_conversation(text, "line 7"); });
  };
  EXPECT_NE(why(R"({"messages": [{"n": 100000000000000000000}]})").find("line 7: the integer"),
            std::string::npos);
  EXPECT_EQ(why(R"({"messages": [{"n": 1e20, "m": 9223372036854775807}]})"), "");
  EXPECT_NE(why(R"({"messages": [], "add_generation_prompt": 1})"), "");
  EXPECT_NE(why("{}").find("messages"), std::string::npos);
  EXPECT_NE(why("[]"), "");
  EXPECT_NE(why("{\"messages\": [}"), "");
  EXPECT_NE(
      why("{\"messages\": " + std::string(1000, '[') + std::string(1000, ']') + "}").find("levels"),
      std::string::npos);
}

}  // namespace
}  // namespace cohort
