#include "rewards/code/code_text.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace cohort::judge {
namespace {

std::string code(std::string_view completion, std::string_view language = "python",
                 bool bare = false) {
  return code_of(completion, language, bare).value_or("none");
}

TEST(CodeText, TakesTheLastCompleteBlockOfTheLanguage) {
  EXPECT_EQ(code("```python\na\n```"), "a\n");
  EXPECT_EQ(code("```python\na\n```\nno:\n```python\nb\n```\n"), "b\n");
  EXPECT_EQ(code("```python\na\n```\noutput:\n```\n5\n```"), "a\n");
  EXPECT_EQ(code("```cpp\na\n```\n```python\nb\n```\n", "cpp"), "a\n");
  EXPECT_EQ(code("```\na\n```"), "a\n");
  EXPECT_EQ(code("```py\na\n```"), "a\n");
  EXPECT_EQ(code("```Python3\na\n```"), "a\n");
  EXPECT_EQ(code("```c++\na\n```", "cpp"), "a\n");
  EXPECT_EQ(code("text ```python\na\n``` text"), "a\n");
  EXPECT_EQ(code("```python title=\"x\"\na\n```"), "a\n");
  EXPECT_EQ(code("````python\na\n````"), "a\n");
  EXPECT_EQ(code("```python\r\na\r\n```\r\n"), "a\r\n");
}

TEST(CodeText, KeepsFencesThatAreInsideTheCode) {
  EXPECT_EQ(code("```python\ns = '```'\nprint(s)\n```\n"), "s = '```'\nprint(s)\n");
  EXPECT_EQ(
      code("```python\ndef f():\n    \"\"\"\n    ```python\n    f()\n    ```\n    \"\"\"\n```\n"),
      "def f():\n    \"\"\"\n    ```python\n    f()\n    ```\n    \"\"\"\n");
}

TEST(CodeText, KnowsTheOtherWaysToWriteAFence) {
  EXPECT_EQ(code("``` python\na\n```"), "a\n");
  EXPECT_EQ(code("~~~python\na\n~~~"), "a\n");
  EXPECT_EQ(code("~~~ python\na\n```\n~~~\n"), "a\n```\n");
  EXPECT_EQ(code("```python3.11\na\n```"), "a\n");
  EXPECT_EQ(code("```{.python}\na\n```"), "a\n");
  EXPECT_EQ(code("```{python}\na\n```"), "a\n");
  EXPECT_EQ(code("```{.python .numberLines}\na\n```"), "a\n");
  EXPECT_EQ(code("```pythonic\na\n```"), "none");
  EXPECT_EQ(code("````python\nx = \"\"\"\n```\n\"\"\"\n````\n"), "x = \"\"\"\n```\n\"\"\"\n");
  EXPECT_EQ(code("```python\na\n`````\n"), "a\n") << "a longer mark closes";
  EXPECT_EQ(code("````python\na\n```\n"), "none") << "a shorter one does not";
  EXPECT_EQ(code("```python\na\n~~~\n```\n"), "a\n~~~\n");
  EXPECT_EQ(code("Title\n~~~~~\n```python\na\n```\n~~~~~\nbye"), "a\n") << "lines in prose";
  EXPECT_EQ(code("```python\na\n``` is the code"), "a\n");
  EXPECT_EQ(code("```python\na\n```\n``` python\nb\n"), "none");
}

TEST(CodeText, TakesTheIndentationOfAListOff) {
  EXPECT_EQ(code("1. so:\n   ```python\n   if x:\n       y\n   ```\n"), "if x:\n    y\n");
  EXPECT_EQ(code("1. so:\n    ```python\n    if x:\n        y\n    ```\n"), "if x:\n    y\n");
}

TEST(CodeText, NeverFallsBackBehindABrokenLastBlock) {
  EXPECT_EQ(code("```python\na"), "none");
  EXPECT_EQ(code("```python\na\n"), "none");
  EXPECT_EQ(code("```python\na\n```\nbetter:\n```python\nb\n"), "none");
  EXPECT_EQ(code("```python\na\n```\n```python\n\n```\n"), "none");
  EXPECT_EQ(code("```javascript\na\n```"), "none");
  EXPECT_EQ(code("a"), "none");
  EXPECT_EQ(code(""), "none");
  EXPECT_EQ(code("```"), "none");
  EXPECT_EQ(code("``` ```"), "none");
  EXPECT_EQ(code("use ```x = 1``` here"), "none");
}

TEST(CodeText, ReadsTheFinalPartAlone) {
  EXPECT_EQ(code("<think>```python\na\n```</think>"), "none");
  EXPECT_EQ(code("<think>```python\na</think>```python\nb\n```"), "b\n");
  EXPECT_EQ(code("<think></think><answer>```python\na\n```</answer>"), "a\n");
  EXPECT_EQ(code("</think>```python\na\n```<answer>5</answer>"), "none");
  EXPECT_EQ(code("<answer>```python\na\n```</answer>```python\nb\n```"), "a\n");
  EXPECT_EQ(code("<answer>```python\na\n```</answer><answer>"), "none");
  EXPECT_EQ(code("```python\na\n```<think>```python\nb\n```"), "a\n");
  EXPECT_EQ(code("<think>a</think>```python\na\n```</think>"), "none");
}

TEST(CodeText, TakesBareCodeOnlyWhereItIsAskedForAndLooksLikeIt) {
  EXPECT_EQ(code("    return 1\n"), "none");
  EXPECT_EQ(code("    return 1\n", "python", true), "    return 1\n");
  EXPECT_EQ(code("\n# so\ndef f():\n  pass", "python", true), "\n# so\ndef f():\n  pass");
  EXPECT_EQ(code("I think it is 5", "python", true), "none");
  EXPECT_EQ(code("    return 1\n```python\n", "python", true), "none");
  EXPECT_TRUE(is_body("\n  # x\n\treturn"));
  EXPECT_FALSE(is_body("x\n  y"));
  EXPECT_FALSE(is_body(""));
}

TEST(CodeText, IsLinearInHostileText) {
  for (const std::string piece :
       {"~~~a\n", "~~~a\n```\n", "``` a\n", "```{.a\n", "```", "```a\n", "x```b\n", "```\n", "` ",
        "\n", "    ```\n", "```a b\n", " ``` "}) {
    std::string text;
    while (text.size() < 2 << 20) text += piece;
    code(text);
  }
}

// The rows that open-r1's extract_code answered. They are kept but for the other names of a
// language.
TEST(CodeText, AgreesWithTheSharedCases) {
  const std::string path = COHORT_SOURCE_DIR "/../shared/data/other_rewards.jsonl";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no shared/data beside the sources";
  std::ifstream file(path);
  int cases = 0;
  for (std::string line; std::getline(file, line);) {
    const auto row = nlohmann::json::parse(line);
    if (row["fn"] != "extract_code") continue;
    ++cases;
    const std::string input = row["input"], language = row["params"]["language"];
    EXPECT_EQ(last_block(input, language).value_or(""), row["expected"].get<std::string>())
        << input;
  }
  EXPECT_GE(cases, 6);
}

}  // namespace
}  // namespace cohort::judge
