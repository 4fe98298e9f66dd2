#include "rewards/math/parse/units.h"

#include <gtest/gtest.h>

namespace cohort::math {
namespace {

TEST(Units, AreFoundInEverySpelling) {
  for (const char* word : {"cm", "centimeter", "Centimetres", "CENTIMETERS"}) {
    ASSERT_NE(find_unit(word), nullptr) << word;
    EXPECT_EQ(find_unit(word)->name, "cm");
  }
  EXPECT_EQ(find_unit("x"), nullptr);
  EXPECT_EQ(find_unit("apples"), nullptr);
  // Short names are told apart by case: megabytes are no millibits.
  EXPECT_EQ(find_unit("MB")->name, "MB");
  EXPECT_EQ(find_unit("M"), nullptr);
}

TEST(Units, HaveExactFactors) {
  const Unit* inch = find_unit("inch");
  EXPECT_EQ(inch->numerator * 10000, inch->denominator * 254);
  const Unit* mile = find_unit("mile");
  const Unit* foot = find_unit("foot");
  // 1 mile = 5280 feet
  EXPECT_EQ(mile->numerator * foot->denominator, 5280 * foot->numerator * mile->denominator);
  const Unit* gallon = find_unit("gallon");
  // 1 gallon = 231 cubic inches; 254^3 * 231 = 3785411784
  EXPECT_EQ(gallon->numerator, int64_t{254} * 254 * 254 * 231);
  EXPECT_EQ(gallon->denominator, 1000000000000);
  EXPECT_NE(find_unit("dollar")->kind, find_unit("euro")->kind);
}

TEST(Units, TextsRoundTrip) {
  for (const char* text : {"cm^2", "m/s", "kg*m/s^2", "1/s", "usd/h"}) {
    const auto powers = unit_powers(text);
    ASSERT_TRUE(powers) << text;
    EXPECT_EQ(unit_text(*powers), text);
  }
  EXPECT_FALSE(unit_powers("red marbles"));
  EXPECT_FALSE(unit_powers("centimeters"));  // not normalised
  EXPECT_EQ(unit_text({{find_unit("s"), -1}, {find_unit("m"), 1}}), "m/s");
  EXPECT_EQ(unit_text({{find_unit("m"), 1}, {find_unit("m"), 1}}), "m^2");
}

}  // namespace
}  // namespace cohort::math
