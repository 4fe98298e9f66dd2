#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/io/gguf.h"
#include "tests/support/error_text.h"

namespace cohort {
namespace {

class Metadata : public testing::Test {
 protected:
  template <class Call>
  static std::string error_of(Call call) {
    return error_text<InputError>([&] { static_cast<void>(call()); });
  }
  GgufMetadata metadata_{"m.gguf"};
};

TEST_F(Metadata, AnIntegerMayHaveAnyWidthThatHoldsIt) {
  metadata_.add("u8", uint8_t{7});
  metadata_.add("i8", int8_t{7});
  metadata_.add("u16", uint16_t{7});
  metadata_.add("i16", int16_t{7});
  metadata_.add("u32", uint32_t{7});
  metadata_.add("i32", int32_t{7});
  metadata_.add("u64", uint64_t{7});
  metadata_.add("i64", int64_t{7});
  for (const auto& [key, value] : metadata_.entries()) {
    EXPECT_EQ(metadata_.integer(key), 7) << key;
    EXPECT_EQ(metadata_.real(key), 7.0) << key;
  }
}

TEST_F(Metadata, AnIntegerThatDoesNotFitIsRefused) {
  metadata_.add("huge", UINT64_MAX);
  metadata_.add("negative", int32_t{-1});
  metadata_.add("eight", uint8_t{8});
  EXPECT_EQ(error_of([&] { return metadata_.integer("huge"); }),
            "m.gguf: key huge: 18446744073709551615 is not from 0 to 9223372036854775807");
  EXPECT_EQ(error_of([&] { return metadata_.integer("negative"); }),
            "m.gguf: key negative: -1 is not from 0 to 9223372036854775807");
  EXPECT_EQ(metadata_.integer("negative", -1), -1);
  EXPECT_EQ(metadata_.integer("eight", 8, 8), 8);
  EXPECT_EQ(error_of([&] { return metadata_.integer("eight", 0, 7); }),
            "m.gguf: key eight: 8 is not from 0 to 7");
}

TEST_F(Metadata, AnotherKindIsRefusedAndNamed) {
  metadata_.add("f32", 1.0f);
  metadata_.add("bool", true);
  metadata_.add("string", "x");
  metadata_.add("strings", std::vector<std::string>{"x", "y"});
  metadata_.add("bools", std::vector<bool>{true});
  metadata_.add("i32", int32_t{1});
  EXPECT_EQ(error_of([&] { return metadata_.integer("f32"); }),
            "m.gguf: key f32 is f32, expected an integer");
  EXPECT_EQ(error_of([&] { return metadata_.integer("bool"); }),
            "m.gguf: key bool is a bool, expected an integer");
  EXPECT_EQ(error_of([&] { return metadata_.real("string"); }),
            "m.gguf: key string is a string, expected a number");
  EXPECT_EQ(error_of([&] { return metadata_.boolean("i32"); }),
            "m.gguf: key i32 is i32, expected a bool");
  EXPECT_EQ(error_of([&] { return metadata_.string("strings"); }),
            "m.gguf: key strings is an array of 2 string, expected a string");
  EXPECT_EQ(error_of([&] { return metadata_.integers("bools"); }),
            "m.gguf: key bools is an array of 1 bool, expected an array of integers");
  EXPECT_EQ(error_of([&] { return metadata_.reals("i32"); }),
            "m.gguf: key i32 is i32, expected an array of f32 or f64");
  EXPECT_EQ(error_of([&] { return metadata_.strings("string"); }),
            "m.gguf: key string is a string, expected an array of strings");
  EXPECT_EQ(error_of([&] { return metadata_.string("none"); }), "m.gguf: key none is missing");
  EXPECT_FALSE(metadata_.contains("none"));
  EXPECT_TRUE(metadata_.contains("bool"));
  EXPECT_TRUE(metadata_.boolean("bool"));
  EXPECT_EQ(metadata_.string("string"), "x");
  EXPECT_EQ(metadata_.real("f32"), 1.0);
}

TEST_F(Metadata, ANumberIsFinite) {
  metadata_.add("nan", std::nanf(""));
  metadata_.add("inf", -HUGE_VAL);
  EXPECT_EQ(error_of([&] { return metadata_.real("nan"); }), "m.gguf: key nan: nan is not finite");
  EXPECT_EQ(error_of([&] { return metadata_.real("inf"); }), "m.gguf: key inf: -inf is not finite");
}

TEST_F(Metadata, OneIntegerStandsForAllLayers) {
  metadata_.add("one", uint32_t{4});
  metadata_.add("each", std::vector<int32_t>{1, 2, 3});
  metadata_.add("negative", std::vector<int8_t>{-1});
  EXPECT_EQ(metadata_.integers("one", 3), (std::vector<int64_t>{4, 4, 4}));
  EXPECT_EQ(metadata_.integers("each", 3), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(metadata_.integers("each"), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(error_of([&] { return metadata_.integers("each", 2); }),
            "m.gguf: key each is an array of 3 i32, expected an integer or an array of 2");
  EXPECT_EQ(error_of([&] { return metadata_.integers("negative", 1); }),
            "m.gguf: key negative: -1 is not from 0 to 9223372036854775807");
  EXPECT_EQ(metadata_.integers("negative"), (std::vector<int64_t>{-1}));
}

TEST_F(Metadata, ScoresMayBeOfEitherWidth) {
  metadata_.add("f32", std::vector<float>{0.5f});
  metadata_.add("f64", std::vector<double>{0.25});
  EXPECT_EQ(metadata_.reals("f32"), std::vector<float>{0.5f});
  EXPECT_EQ(metadata_.reals("f64"), std::vector<float>{0.25f});
}

TEST_F(Metadata, AKeyIsAddedOnce) {
  metadata_.add("k", true);
  EXPECT_THROW(metadata_.add("k", false), CheckError);
  EXPECT_THROW(metadata_.add("", false), CheckError);
  EXPECT_THROW(metadata_.add("a\nb", false), CheckError);
  EXPECT_TRUE(metadata_.boolean("k"));
}

}  // namespace
}  // namespace cohort
