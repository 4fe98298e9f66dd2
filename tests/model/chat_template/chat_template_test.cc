// The interface: what is given, what comes out, and what the messages say.
#include "model/chat_template/chat_template.h"

#include <gtest/gtest.h>

#include <thread>

#include "model/chat_template/template_time.h"
#include "tests/model/chat_template/render.h"

namespace cohort {
namespace {

using Json = nlohmann::ordered_json;

TEST(ChatTemplate, GivesMessagesToolsTokensAndKeywords) {
  Conversation conversation;
  conversation.messages = Json::parse(R"([{"role": "user", "content": "hi"}])");
  conversation.tools = Json::parse(R"([{"name": "f"}])");
  conversation.add_generation_prompt = true;
  conversation.kwargs = {{"enable_thinking", false}};
  const auto parsed = ChatTemplate::parse(
      "{{ bos_token }}{{ messages[0].content }}{{ tools[0].name }}{{ add_generation_prompt }}"
      "{{ enable_thinking }}{{ documents }}",
      "t", {{"bos_token", "<s>"}});
  EXPECT_EQ(parsed.render(conversation), "<s>hifTrueFalseNone");
}

TEST(ChatTemplate, ReasoningHasItsUsualNames) {
  Conversation conversation;
  conversation.messages = Json::parse(R"([{"role": "a", "reasoning": "r"}])");
  EXPECT_EQ(ChatTemplate::parse("{{ messages[0] | tojson }}", "t").render(conversation),
            R"({"thinking": "r", "role": "a", "reasoning": "r", "reasoning_content": "r"})");
}

TEST(ChatTemplate, AVariableHasOneValue) {
  Conversation conversation;
  conversation.kwargs = {{"bos_token", "x"}};
  const auto parsed = ChatTemplate::parse("a", "t", {{"bos_token", "<s>"}});
  EXPECT_NE(refusal([&] { parsed.render(conversation); }).find("bos_token"), std::string::npos);
  conversation.kwargs = {{"messages", Json::array()}};
  EXPECT_NE(refusal([&] { parsed.render(conversation); }).find("messages"), std::string::npos);
}

TEST(ChatTemplate, ConversationsOfAnotherShapeAreRefused) {
  const auto parsed = ChatTemplate::parse("a", "t");
  for (const char* messages : {R"({"role": "user"})", R"("hi")", R"([5])", R"([["a"]])", "null"}) {
    Conversation conversation;
    conversation.messages = Json::parse(messages);
    EXPECT_NE(refusal([&] { parsed.render(conversation); }), "") << messages;
  }
  for (const char* tools : {R"({"a": 1})", "[5]", R"("f")"}) {
    Conversation conversation;
    conversation.tools = Json::parse(tools);
    EXPECT_NE(refusal([&] { parsed.render(conversation); }), "") << tools;
  }
  Conversation wide;
  wide.kwargs = {{"x", uint64_t{1} << 63}};
  EXPECT_NE(refusal([&] { parsed.render(wide); }).find("64 bits"), std::string::npos);
}

TEST(ChatTemplate, AFaultSaysFileLineAndWhat) {
  EXPECT_EQ(refusal_of("a\n\n{{ raise_exception('no tools') }}"), "t.jinja:3: no tools");
  EXPECT_EQ(refusal_of("a\n{% include 'x' %}"), "t.jinja:2: the tag 'include' is not supported");
  EXPECT_EQ(refusal_of("\n\n\n{% frob %}"), "t.jinja:4: unknown tag 'frob'");
  EXPECT_EQ(refusal_of("\n{{ 'x' | urlize }}"), "t.jinja:2: the filter 'urlize' is not supported");
  EXPECT_EQ(refusal_of("\n{{ 'x' | frob }}"), "t.jinja:2: no filter named 'frob'");
  EXPECT_EQ(refusal_of("\n{{ 'x' is frob }}"), "t.jinja:2: no test named 'frob'");
  EXPECT_EQ(refusal_of("\r\n\r\n{{ 'x'.encode() }}"),
            "t.jinja:3: the method 'encode' of str is not supported");
  EXPECT_EQ(refusal_of("{% if a %}\n{{ a.b.c }}"),
            "t.jinja:2: the template ends where {% endif %} is missing");
  EXPECT_EQ(refusal_of("{{ a.b }}"), "t.jinja:1: 'a' is undefined");
  EXPECT_EQ(refusal_of("{{ a\n  .b }}{{ 'x' + 1 }}"), "t.jinja:1: 'a' is undefined");
  EXPECT_EQ(refusal_of("{{ {}.a.b }}"), "t.jinja:1: 'dict object' has no attribute 'a'");
  EXPECT_EQ(refusal_of("x\xff"), "t.jinja: not UTF-8");
}

TEST(ChatTemplate, FaultsAreFoundWhenParsing) {
  for (const char* text :
       {"{% if false %}{% include 'x' %}{% endif %}", "{% if false %}{{ 1 | pprint }}{% endif %}",
        "{% if false %}{% break %}{% endif %}", "{{ 1", "{% for x in y %}"})
    EXPECT_NE(refusal([&] { ChatTemplate::parse(text, "t"); }), "") << text;
}

TEST(ChatTemplate, TheClockIsGiven) {
  const auto parsed = ChatTemplate::parse("{{ strftime_now('%d %b %Y') }}", "t");
  Conversation conversation;
  EXPECT_NE(refusal([&] { parsed.render(conversation); }).find("strftime_now"), std::string::npos);
  conversation.now = golden_now();
  EXPECT_EQ(parsed.render(conversation), "26 Jul 2024");
}

// Hermes' templates ask for the type of what `map` gives.
TEST(ChatTemplate, AGeneratorHasNoOtherAttributes) {
  EXPECT_EQ(render("{{ ([1] | map('string')).type is defined }}"), "False");
  EXPECT_EQ(refusal_of("{{ ([1] | map('string')).gi_frame }}"),
            "t.jinja:1: the attribute 'gi_frame' of generator is not supported");
}

TEST(TemplateTime, MidnightOfADay) {
  Conversation conversation;
  conversation.now = midnight_of("2024-02-29");
  EXPECT_EQ(ChatTemplate::parse("{{ strftime_now('%A %d %b %Y %j %H:%M:%S%z %U') }}", "t")
                .render(conversation),
            "Thursday 29 Feb 2024 060 00:00:00 08");
  conversation.now = midnight_of("0001-01-01");
  EXPECT_EQ(ChatTemplate::parse("{{ strftime_now('%A %-d %Y') }}", "t").render(conversation),
            "Monday 1 1");
}

TEST(TemplateTime, WhatIsNoDayIsNone) {
  for (const char* text : {"", "2024", "2023-02-29", "2024-2-09", "2024-02-9", "2024/02/09",
                           "02024-02-9", "2024-02-00", "2024-13-01", "0000-01-01", "2024-02-09 ",
                           " 024-02-09", "+024-02-09", "2024-02-0x"})
    EXPECT_FALSE(midnight_of(text)) << text;
}

TEST(ChatTemplate, RendersAlikeOnManyThreads) {
  const auto parsed = ChatTemplate::parse(
      "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + m.i %}{% endfor "
      "%}{{ ns.n }}",
      "t");
  Conversation conversation;
  for (int i = 0; i < 100; ++i) conversation.messages.push_back({{"i", i}});
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  for (std::string& text : texts)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) text = parsed.render(conversation);
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : texts) EXPECT_EQ(text, "4950");
}

TEST(PromptOpensThink, OnlyAfterAnOpenMarkAndSpace) {
  EXPECT_TRUE(prompt_opens_think("<|Assistant|><think>\n"));
  EXPECT_TRUE(prompt_opens_think("<think>"));
  EXPECT_TRUE(prompt_opens_think("<think>a</think>b<think> \n\t\xC2\xA0"));
  EXPECT_FALSE(prompt_opens_think("<think>\n\n</think>\n\n"));
  EXPECT_FALSE(prompt_opens_think("<think>\nso"));
  EXPECT_FALSE(prompt_opens_think("<|Assistant|>"));
  EXPECT_FALSE(prompt_opens_think("<think"));
  EXPECT_FALSE(prompt_opens_think(""));
}

}  // namespace
}  // namespace cohort
