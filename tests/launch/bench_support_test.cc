#include "launch/commands/bench_support.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"

namespace cohort {
namespace {

using Json = nlohmann::ordered_json;

const BenchFigure kSpeed{.key = "tokens_per_s", .higher_is_better = true};
const BenchFigure kStep{.key = "step_s", .higher_is_better = false};

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

// A file that both sides of a comparison write to.
class Beside : public ::testing::Test {
 protected:
  Beside()
      : folder_(std::filesystem::temp_directory_path() /
                ("bench_support_test_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Beside() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string read(const std::string& name) const {
    std::ifstream in(path(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Prints the lines of `numbers` one a call.
  std::string command_printing(const std::string& key, const std::string& numbers) const {
    std::ofstream(path("numbers")) << numbers;
    return "printf t >> " + path("order") + "; n=$(head -n 1 " + path("numbers") + "); sed -i 1d " +
           path("numbers") + "; echo \"{\\\"" + key + "\\\": $n}\"";
  }
  Json ours(const std::string& key, double value) const {
    std::ofstream(path("order"), std::ios::app) << 'o';
    return {{key, value}};
  }

 private:
  std::filesystem::path folder_;
};

TEST(BenchSupport, MedianIsTheMiddleOrTheMeanOfTheMiddleTwo) {
  EXPECT_EQ(median({5, 1, 3}), 3);
  EXPECT_EQ(median({5, 1, 3, 10}), 4);
}

TEST(BenchSupport, FiguresKeepFourDigits) {
  EXPECT_EQ(rounded(0.00123456), 0.001235);
  EXPECT_EQ(rounded(12.3456), 12.35);
  EXPECT_EQ(rounded(123456.7), 123457);
  EXPECT_EQ(rounded(0), 0);
}

TEST(BenchSupport, TheLastJsonObjectOfAnOutputIsItsResult) {
  const std::string output = "loading\n{\"a\": 1}\n{\"a\": 2}\n[3]\nbye {}\n\n";
  EXPECT_EQ(last_json_line(output, "x").at("a"), 2);
  EXPECT_EQ(message_of([] { last_json_line("none\n3\n", "a command"); }),
            "no JSON line on its standard output: a command");
}

TEST(BenchSupport, AStepIsTheMedianOfStepsAfterTheFirstWhereNoFigureSaysIt) {
  const Json line = {{"steps", {9.0, 2.0, 4.0, 3.0}}};
  EXPECT_EQ(figure_of(line, kStep, "x"), 3);
  EXPECT_EQ(figure_of({{"step_s", 7.0}, {"steps", {1.0}}}, kStep, "x"), 7);
  EXPECT_EQ(figure_of({{"steps", {9.0}}}, kStep, "x"), 9);
  EXPECT_EQ(message_of([&] { figure_of(line, kSpeed, "a command"); }),
            "expected a number tokens_per_s in the JSON line of: a command");
}

TEST(BenchSupport, ACommandThatFailsIsAnError) {
  EXPECT_EQ(output_of("echo 1; echo 2"), "1\n2\n");
  EXPECT_EQ(message_of([] { output_of("exit 3"); }), "exit code 3: exit 3");
  EXPECT_EQ(output_of("printf %s " + shell_quoted("it's \"$HOME\"")), "it's \"$HOME\"");
}

TEST_F(Beside, SidesTakeTurnsAndTheRatioIsTakenRoundByRound) {
  const BesideOptions options{.command = command_printing("tokens_per_s", "10\n40\n20\n"),
                              .repeats = 3};
  const Json line = run_beside(options, kSpeed, {}, [&] { return ours("tokens_per_s", 80); });
  EXPECT_EQ(read("order"), "ottoot");
  EXPECT_EQ(line.at("cohort"), Json({80.0, 80.0, 80.0}));
  EXPECT_EQ(line.at("beside"), Json({10.0, 40.0, 20.0}));
  EXPECT_EQ(line.at("beside_median"), 20);
  EXPECT_EQ(line.at("ratio"), 4);
  EXPECT_EQ(line.at("ratio_min"), 2);
  EXPECT_EQ(line.at("ratio_max"), 8);
  EXPECT_EQ(line.at("beside_line"), Json({{"tokens_per_s", 20}}));
}

TEST_F(Beside, ATimeIsBetterWhenItIsLess) {
  const BesideOptions options{.command = command_printing("step_s", "6\n"), .repeats = 1};
  EXPECT_EQ(run_beside(options, kStep, {}, [&] { return ours("step_s", 2); }).at("ratio"), 3);
}

TEST_F(Beside, TheWorkIsNamedInTheCommand) {
  const BesideOptions options{
      .command = "echo '{\"tokens_per_s\": {batch}}' # {batch} of {dtype}, {other}", .repeats = 1};
  const Json line = run_beside(options, kSpeed, {{"batch", "16"}, {"dtype", "bf16"}},
                               [&] { return ours("tokens_per_s", 8); });
  EXPECT_EQ(line.at("command"), "echo '{\"tokens_per_s\": 16}' # 16 of bf16, {other}");
  EXPECT_EQ(line.at("ratio"), 0.5);
}

TEST_F(Beside, AFigureOfNothingIsRefused) {
  const BesideOptions options{.command = command_printing("tokens_per_s", "0\n"), .repeats = 1};
  EXPECT_NE(message_of([&] {
              run_beside(options, kSpeed, {}, [&] { return ours("tokens_per_s", 8); });
            }).find("tokens_per_s must be above 0"),
            std::string::npos);
}

}  // namespace
}  // namespace cohort
