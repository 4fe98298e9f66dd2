// Units of measure: their names as people write them, one normalised name, an exact factor.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::math {

// Exponents of the base dimensions.
enum Base : uint8_t {
  kLength,
  kMass,
  kDuration,
  kCurrent,
  kTemperature,
  kAmount,
  kMoney,
  kInformation,
  kAngle,
  kBases
};
using Dimension = std::array<int8_t, kBases>;

// One `name` is numerator / denominator of the base unit (m, kg, s, A, K, mol, one currency unit,
// bit, turn) of its dimension; numerator 0: no exact factor, converts to itself alone. `kind` tells
// apart what does not convert: monies of different countries, degrees Celsius and Fahrenheit (their
// zeros differ), months and years (which are no number of days).
struct Unit {
  std::string_view name;
  Dimension dimension;
  int64_t numerator, denominator;
  uint8_t kind = 0;  // units convert only within one kind
};

struct UnitPower {
  const Unit* unit;
  int exponent;
};

// The unit of one word, any usual spelling: "cm", "centimetres", "Meter", "$". Null: no unit.
const Unit* find_unit(std::string_view word);

// A normalised unit text is powers joined by '*', after one '/' those of the denominator: "cm^2",
// "m/s", "kg*m/s^2", "1/s"; otherwise lower-cased nouns with single blanks ("red marbles").
// The powers of such a text; nothing when it is nouns.
std::optional<std::vector<UnitPower>> unit_powers(std::string_view normalised);

// The normalised text of powers; equal units give equal texts, whatever their order.
std::string unit_text(const std::vector<UnitPower>& powers);

}  // namespace cohort::math
