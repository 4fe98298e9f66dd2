#include "model/hf_config/config_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "tests/model/model_test_support.h"

namespace cohort {
namespace {

TEST(ConfigText, OneValueIsReplacedAndNothingElse) {
  const std::string text =
      "\n{ \"a\":[1,{\"b\" : 2}],\t\"b\"  :\n  \"x\\\"}\",\"c\": 1e-6\r\n}\n\n";
  EXPECT_EQ(replace_json_member(text, "b", "7"),
            "\n{ \"a\":[1,{\"b\" : 2}],\t\"b\"  :\n  7,\"c\": 1e-6\r\n}\n\n");
  EXPECT_EQ(replace_json_member(text, "c", "null"),
            "\n{ \"a\":[1,{\"b\" : 2}],\t\"b\"  :\n  \"x\\\"}\",\"c\": null\r\n}\n\n");
  EXPECT_EQ(replace_json_member(text, "a", "0"),
            "\n{ \"a\":0,\t\"b\"  :\n  \"x\\\"}\",\"c\": 1e-6\r\n}\n\n");
  EXPECT_EQ(replace_json_member(text, "x", "0"), text);
  EXPECT_EQ(replace_json_member(R"({"a":1,"\u0061":2})", "a", "3"), R"({"a":3,"\u0061":3})");
}

TEST(ConfigText, AMemberGoesWithItsLineAndItsComma) {
  const std::string text = "{\n  \"a\": {\n    \"c\": [\"}\"]\n  },\n  \"b\": 2,\n  \"c\": 3\n}\n";
  EXPECT_EQ(remove_json_member(text, "a"), "{\n  \"b\": 2,\n  \"c\": 3\n}\n");
  EXPECT_EQ(remove_json_member(text, "b"),
            "{\n  \"a\": {\n    \"c\": [\"}\"]\n  },\n  \"c\": 3\n}\n");
  EXPECT_EQ(remove_json_member(text, "c"),
            "{\n  \"a\": {\n    \"c\": [\"}\"]\n  },\n  \"b\": 2\n}\n");
  EXPECT_EQ(remove_json_member(text, "d"), text);
  EXPECT_EQ(remove_json_member("{\"a\": 1}", "a"), "{}");
  EXPECT_EQ(remove_json_member("{}", "a"), "{}");
  EXPECT_EQ(remove_json_member(R"({"a":1,"b":2,"a":3})", "a"), R"({"b":2})");
}

// A file that says what small_config() is, in a form that no JSON library writes.
std::string file_text(const std::string& extra) {
  std::string text = small_config().to_hf("bfloat16").dump();
  text.insert(1, "\t\"quantization_config\" :{\"a\":[\"}\"]},\n");
  return text.insert(1, extra);
}

TEST(ConfigText, TheTypeIsToldAndQuantisationForgotten) {
  const auto written = [](const std::string& text, const char* dtype) {
    ModelConfig c = small_config();
    c.hf_files[kHfConfig] = text;
    return hf_config_text(c, dtype);
  };
  const std::string plain = small_config().to_hf("bfloat16").dump();
  EXPECT_EQ(written(plain, "bfloat16"), plain);
  std::string changed = plain;
  changed.replace(changed.find("bfloat16"), 8, "float32");
  EXPECT_EQ(written(plain, "float32"), changed);
  std::string expected = plain;
  EXPECT_EQ(written(file_text(""), "bfloat16"), expected.insert(1, "\t"));
  expected = plain;
  EXPECT_EQ(written(file_text("\"dtype\":\"float32\", "), "bfloat16"),
            expected.insert(1, "\"dtype\":\"bfloat16\", \t"));
  expected = plain;
  EXPECT_EQ(written(expected.insert(1, "\"dtype\":null,"), "bfloat16"), expected);
}

TEST(ConfigText, WithoutAFileItIsWhatTheModelIs) {
  EXPECT_EQ(hf_config_text(small_config(), "float32"),
            small_config().to_hf("float32").dump(2) + "\n");
}

TEST(ConfigText, TextOfAnotherModelIsRefused) {
  const auto refusal = [](const std::string& text) -> std::string {
    ModelConfig c = small_config();
    c.hf_files[kHfConfig] = text;
    try {
      hf_config_text(c, "float32");
    } catch (const InputError& error) {
      return error.what();
    }
    return "(accepted)";
  };
  nlohmann::json other = small_config().to_hf("float32");
  other["hidden_size"] = 48;
  EXPECT_NE(refusal(other.dump()).find("config.json that the model was read with: says"),
            std::string::npos);
  EXPECT_NE(refusal("[]").find("is not a JSON object"), std::string::npos);
  EXPECT_NE(refusal("{").find("is not a JSON object"), std::string::npos);
}

}  // namespace
}  // namespace cohort
