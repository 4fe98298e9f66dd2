#include "rewards/plugin/protocol.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace cohort {
namespace {

TEST(Protocol, ARequestComesBack) {
  const std::vector<RewardInput> inputs = {
      {.prompt = "p\n", .completion = "a \"b\"\n", .answer = "5", .truncated = true, .tokens = 3},
      {.prompt = "p\n", .completion = "\u00e9", .answer = "5", .truncated = false, .tokens = 4}};
  const std::vector<RewardResult> accuracy = {{.verdict = Verdict::correct},
                                              {.verdict = Verdict::incorrect}};
  const std::string line = encode_request(7, {.completions = inputs, .accuracy = accuracy});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const PluginRequest request = decode_request(line);
  EXPECT_EQ(request.id, 7);
  EXPECT_EQ(request.prompt, "p\n");
  EXPECT_EQ(request.answer, "5");
  EXPECT_EQ(request.completions, (std::vector<std::string>{"a \"b\"\n", "\u00e9"}));
  EXPECT_TRUE(request.inputs[0].truncated);
  EXPECT_EQ(request.inputs[1].tokens, 4);
  EXPECT_EQ(request.accuracy[1].verdict, Verdict::incorrect);
}

TEST(Protocol, BytesThatAreNotTextDoNotStopARequest) {
  const std::vector<RewardInput> inputs = {{.completion = "a\xff\xc3z"}};
  EXPECT_EQ(decode_request(encode_request(1, {.completions = inputs})).completions[0],
            "a\ufffd\ufffdz");
}

TEST(Protocol, ReadsReplies) {
  std::vector<RewardResult> results(2);
  ASSERT_EQ(decode_reply(R"({"id":3,"values":[0.5,-1],"verdicts":["undecided","incorrect"],)"
                         R"("reasons":["ok","too rude"]})",
                         3, results),
            "");
  EXPECT_EQ(results[0].value, 0.5);
  EXPECT_EQ(results[0].verdict, Verdict::undecided);
  EXPECT_EQ(results[0].reason, Reason::ok);
  EXPECT_EQ(results[1].reason, Reason::plugin);
  EXPECT_EQ(results[1].extracted, "too rude");
  ASSERT_EQ(decode_reply(R"({"id":3,"values":[1,0]})", 3, results), "");
  EXPECT_EQ(results[0].verdict, Verdict::correct);
  EXPECT_EQ(results[1].verdict, Verdict::incorrect);
  ASSERT_EQ(decode_reply(R"({"id":3,"error":"no"})", 3, results), "");
  EXPECT_EQ(results[0].reason, Reason::plugin_failed);
  EXPECT_EQ(results[0].verdict, Verdict::undecided);
}

TEST(Protocol, WhatIsNoReplyChangesNothing) {
  std::vector<RewardResult> results(1);
  results[0].value = 42;
  for (const std::string line : {"",
                                 "x",
                                 "null",
                                 "[]",
                                 "{}",
                                 R"({"id":3})",
                                 R"({"id":2,"values":[1]})",
                                 R"({"id":"3","values":[1]})",
                                 R"({"id":3,"values":[]})",
                                 R"({"id":3,"values":[1,2]})",
                                 R"({"id":3,"values":1})",
                                 R"({"id":3,"values":["1"]})",
                                 R"({"id":3,"values":[null]})",
                                 R"({"id":3,"values":[true]})",
                                 R"({"id":3,"values":[1e999]})",
                                 R"({"id":3,"values":[NaN]})",
                                 R"({"id":3,"values":[1],"verdicts":["good"]})",
                                 R"({"id":3,"values":[1],"verdicts":[]})",
                                 R"({"id":3,"values":[1],"verdicts":[1]})",
                                 R"({"id":3,"values":[1],"reasons":[1]})",
                                 R"({"id":3,"values":[1],"reasons":"ok"})",
                                 R"({"id":3,"error":1})",
                                 R"({"id":3,"values":[1]} tail)"}) {
    EXPECT_NE(decode_reply(line, 3, results), "") << line;
    EXPECT_EQ(results[0].value, 42) << line;
  }
}

TEST(Protocol, SaysWhatIsWrongWithAReply) {
  std::vector<RewardResult> results(2);
  const auto fault = [&](const std::string& line) { return decode_reply(line, 3, results); };
  EXPECT_EQ(fault("x"), "not JSON, or not UTF-8");
  EXPECT_EQ(fault(R"({"id":2,"values":[1,1]})"), "id 2 for request 3");
  EXPECT_EQ(fault(R"({"id":"3","values":[1,1]})"), "an id that is no integer, for request 3");
  EXPECT_EQ(fault(R"({"id":3,"values":[1]})"), "1 values for 2 completions");
  EXPECT_EQ(fault(R"({"id":3,"values":[1,null]})"), "values[1] is no finite number");
  EXPECT_EQ(fault(R"({"id":3})"), "neither values nor error");
}

TEST(Protocol, DeepNestingIsRefusedUnread) {
  std::vector<RewardResult> results(1);
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  for (const std::string& line : {deep, "{\"id\":3,\"values\":" + deep + "}",
                                  "{\"id\":3,\"values\":[1],\"reasons\":" + deep + "}",
                                  "{\"id\":" + deep + ",\"values\":[1]}",
                                  "{\"id\":3,\"error\":" + deep + "}", std::string(1'000'000, '[')})
    EXPECT_EQ(decode_reply(line, 3, results), "nested deeper than 8 levels");
  EXPECT_EQ(
      decode_reply("{\"id\":3,\"values\":[1],\"reasons\":[\"\\\"" + std::string(100, '[') + "\"]}",
                   3, results),
      "");
}

TEST(Protocol, TextsAreKeptToAThousandCharacters) {
  std::vector<RewardResult> results(1);
  std::string text = "x";
  for (int i = 0; i < 100'000; ++i) text += "\u00e9";
  ASSERT_EQ(decode_reply("{\"id\":3,\"error\":\"" + text + "\"}", 3, results), "");
  EXPECT_EQ(results[0].extracted, text.substr(0, 1999));
  ASSERT_EQ(decode_reply("{\"id\":3,\"values\":[1],\"reasons\":[\"" + text + "\"]}", 3, results),
            "");
  EXPECT_EQ(results[0].extracted, text.substr(0, 1999));
}

TEST(Protocol, ARequestThatIsNoneIsAnError) {
  EXPECT_THROW(decode_request("{}"), InputError);
  EXPECT_THROW(decode_request("x"), InputError);
}

}  // namespace
}  // namespace cohort
