// Against transformers' renderer, byte for byte (tools/goldens/make_chat_goldens.py).
#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/files.h"
#include "tests/model/chat_template/render.h"

namespace cohort {
namespace {

using Json = nlohmann::ordered_json;

const std::string kGoldens = COHORT_SOURCE_DIR "/tests/golden/model/chat_template/";
const std::string kVocabularies = COHORT_SOURCE_DIR "/../shared/data/vocab/";

Json golden(const std::string& name) { return Json::parse(read_file(kGoldens + name)); }

Conversation conversation_of(const Json& json) {
  Conversation out = parse_conversation(json.dump(), "golden");
  out.now = golden_now();
  return out;
}

void expect_rendered(const ChatTemplate& chat_template, const Json& cases, const Json& rendered,
                     const std::string& name) {
  ASSERT_EQ(cases.size(), rendered.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    std::string text;
    const std::string why =
        refusal([&] { text = chat_template.render(conversation_of(cases[i])); });
    EXPECT_EQ(why.empty(), rendered[i].contains("text")) << name << " " << cases[i].dump() << "\n"
                                                         << why;
    if (why.empty() && rendered[i].contains("text")) {
      EXPECT_EQ(text, rendered[i]["text"].get<std::string>()) << name << " " << cases[i].dump();
    }
  }
}

TEST(Goldens, SmallTemplatesRenderAsInJinjaOrAreRefusedByName) {
  const Json file = golden("snippets.json");
  ASSERT_GT(file["cases"].size(), 1000u);
  Conversation conversation;
  conversation.messages = Json::parse(R"([{"role": "user", "content": "x"}])");
  conversation.kwargs = file["variables"];
  conversation.now = golden_now();
  for (const Json& one : file["cases"]) {
    const std::string text = one["template"];
    std::string out;
    const std::string why =
        refusal([&] { out = ChatTemplate::parse(text, "t").render(conversation); });
    if (one.contains("text")) {
      EXPECT_EQ(why, "") << text;
      EXPECT_EQ(out, one["text"].get<std::string>()) << text;
    } else {
      EXPECT_NE(why, "") << text << "\nrendered " << out;
      const std::string word = one.value("refused", "");
      EXPECT_NE(why.find(word), std::string::npos) << why;
    }
  }
}

TEST(Goldens, ConversationsRenderAsInTransformers) {
  const Json file = golden("conversations.json");
  ASSERT_EQ(file["rendered"].size(), 4u);
  for (const auto& [name, rendered] : file["rendered"].items())
    expect_rendered(ChatTemplate::parse(read_file(kGoldens + name), name, file["special_tokens"]),
                    file["cases"], rendered, name);
}

TEST(Goldens, TemplatesOfVendorsRenderAsInTransformers) {
  if (!std::filesystem::exists(kVocabularies + "qwen3"))
    GTEST_SKIP() << kVocabularies << " is not there";
  const Json cases = golden("conversations.json")["cases"];
  const Json vendors = golden("vendor.json");
  for (const auto& [name, rendered] : vendors.items())
    expect_rendered(ChatTemplate::load(kVocabularies + name), cases, rendered, name);
}

}  // namespace
}  // namespace cohort
