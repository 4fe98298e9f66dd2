#include "core/base/error.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

template <class F>
std::string check_message(F&& f) {
  try {
    f();
  } catch (const CheckError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Check, SaysWhatMustHoldAndWhere) {
  const int n = -1;
  const std::string message = check_message([&] { COHORT_CHECK(n > 0, "n = {}", n); });
  EXPECT_NE(message.find("error_test.cc:"), std::string::npos) << message;
  EXPECT_NE(message.find("n > 0 (n = -1)"), std::string::npos) << message;
  EXPECT_EQ(check_message([&] { COHORT_CHECK(n < 0, "n = {}", n); }), "no error");
}

TEST(Check, EqPrintsBothOperandsAndEvaluatesThemOnce) {
  int calls = 0;
  const auto next = [&] { return ++calls; };
  const std::string message = check_message([&] { COHORT_CHECK_EQ(next(), 5); });
  EXPECT_NE(message.find("1 against 5"), std::string::npos) << message;
  EXPECT_EQ(calls, 1);
}

TEST(Error, ThrowErrorFormatsItsLine) {
  try {
    throw_error<InputError>("{}: tensor {}", "a.safetensors", "w");
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "a.safetensors: tensor w");
  }
}

}  // namespace
}  // namespace cohort
