#include "rewards/math/parse/units.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

constexpr Dimension one(Base base, int8_t exponent = 1) {
  Dimension d{};
  d[base] = exponent;
  return d;
}

// length, mass, duration, current of the derived units
constexpr Dimension of(int8_t length, int8_t mass, int8_t duration, int8_t current = 0) {
  Dimension d{};
  d[kLength] = length;
  d[kMass] = mass;
  d[kDuration] = duration;
  d[kCurrent] = current;
  return d;
}

struct Row {
  Unit unit;
  const char* spellings;  // split by blanks; '_' is a blank; with a capital: in this case alone
};

enum : uint8_t {
  kPlain,
  kUsd,
  kEur,
  kGbp,
  kYen,
  kYuan,
  kRupee,
  kWon,
  kRuble,
  kSwissFranc,
  kCelsius,
  kFahrenheit,
  kCalendar
};

// Sources of the factors: the SI brochure (9th edition) and the international yard and pound
// agreement of 1959; the gallon, pint and their kin are those of the United States.
const Row kRows[] = {
    {{"m", one(kLength), 1, 1}, "m meter meters metre metres"},
    {{"km", one(kLength), 1000, 1}, "km kms kilometer kilometers kilometre kilometres"},
    {{"dm", one(kLength), 1, 10}, "dm decimeter decimeters decimetre decimetres"},
    {{"cm", one(kLength), 1, 100}, "cm cms centimeter centimeters centimetre centimetres"},
    {{"mm", one(kLength), 1, 1000}, "mm mms millimeter millimeters millimetre millimetres"},
    {{"um", one(kLength), 1, 1000000}, "um micrometer micrometers micron microns"},
    {{"nm", one(kLength), 1, 1000000000}, "nm nanometer nanometers nanometre nanometres"},
    {{"in", one(kLength), 254, 10000}, "in inch inches"},
    {{"ft", one(kLength), 3048, 10000}, "ft foot feet"},
    {{"yd", one(kLength), 9144, 10000}, "yd yds yard yards"},
    {{"mi", one(kLength), 1609344, 1000}, "mi mile miles"},
    {{"nmi", one(kLength), 1852, 1}, "nmi nautical_mile nautical_miles"},
    {{"ly", one(kLength), 9460730472580800, 1}, "ly light-year light-years light_years"},
    {{"ha", one(kLength, 2), 10000, 1}, "ha hectare hectares"},
    {{"acre", one(kLength, 2), 40468564224, 10000000}, "acre acres"},
    {{"L", one(kLength, 3), 1, 1000}, "l L liter liters litre litres"},
    {{"mL", one(kLength, 3), 1, 1000000}, "ml mL milliliter milliliters millilitre millilitres"},
    {{"cL", one(kLength, 3), 1, 100000}, "cl cL centiliter centiliters centilitre centilitres"},
    {{"gal", one(kLength, 3), 3785411784, 1000000000000}, "gal gals gallon gallons"},
    {{"qt", one(kLength, 3), 946352946, 1000000000000}, "qt qts quart quarts"},
    {{"pt", one(kLength, 3), 473176473, 1000000000000}, "pt pts pint pints"},
    {{"cup", one(kLength, 3), 2365882365, 10000000000000}, "cup cups"},
    {{"floz", one(kLength, 3), 295735295625, 10000000000000000}, "fluid_ounce fluid_ounces fl_oz"},
    {{"tbsp", one(kLength, 3), 1478676478125, 100000000000000000}, "tbsp tablespoon tablespoons"},
    {{"tsp", one(kLength, 3), 492892159375, 100000000000000000}, "tsp teaspoon teaspoons"},
    {{"kg", one(kMass), 1, 1}, "kg kgs kilogram kilograms kilo kilos"},
    {{"g", one(kMass), 1, 1000}, "g gram grams gramme grammes"},
    {{"mg", one(kMass), 1, 1000000}, "mg mgs milligram milligrams"},
    {{"t", one(kMass), 1000, 1}, "tonne tonnes metric_ton metric_tons"},
    {{"lb", one(kMass), 45359237, 100000000}, "lb lbs pound pounds"},
    {{"oz", one(kMass), 45359237, 1600000000}, "oz ounce ounces"},
    {{"ton", one(kMass), 90718474, 100000}, "ton tons short_ton short_tons"},
    {{"s", one(kDuration), 1, 1}, "s sec secs second seconds"},
    {{"ms", one(kDuration), 1, 1000}, "ms millisecond milliseconds"},
    {{"us", one(kDuration), 1, 1000000}, "microsecond microseconds"},
    {{"min", one(kDuration), 60, 1}, "min mins minute minutes"},
    {{"h", one(kDuration), 3600, 1}, "h hr hrs hour hours"},
    {{"day", one(kDuration), 86400, 1}, "day days"},
    {{"week", one(kDuration), 604800, 1}, "week weeks wk wks"},
    {{"fortnight", one(kDuration), 1209600, 1}, "fortnight fortnights"},
    {{"month", one(kDuration), 1, 1, kCalendar}, "month months"},
    {{"year", one(kDuration), 12, 1, kCalendar}, "year years yr yrs"},
    {{"decade", one(kDuration), 120, 1, kCalendar}, "decade decades"},
    {{"century", one(kDuration), 1200, 1, kCalendar}, "century centuries"},
    {{"A", one(kCurrent), 1, 1}, "A amp amps ampere amperes"},
    {{"mA", one(kCurrent), 1, 1000}, "mA milliampere milliamperes"},
    {{"K", one(kTemperature), 1, 1}, "K kelvin kelvins"},
    {{"degC", one(kTemperature), 1, 1, kCelsius}, "degC celsius centigrade"},
    {{"degF", one(kTemperature), 5, 9, kFahrenheit}, "degF fahrenheit"},
    {{"mol", one(kAmount), 1, 1}, "mol mols mole moles"},
    {{"Hz", of(0, 0, -1), 1, 1}, "Hz hz hertz"},
    {{"kHz", of(0, 0, -1), 1000, 1}, "kHz khz kilohertz"},
    {{"MHz", of(0, 0, -1), 1000000, 1}, "MHz megahertz"},
    {{"N", of(1, 1, -2), 1, 1}, "N newton newtons"},
    {{"kN", of(1, 1, -2), 1000, 1}, "kN kilonewton kilonewtons"},
    {{"Pa", of(-1, 1, -2), 1, 1}, "Pa pascal pascals"},
    {{"kPa", of(-1, 1, -2), 1000, 1}, "kPa kilopascal kilopascals"},
    {{"atm", of(-1, 1, -2), 101325, 1}, "atm atmosphere atmospheres"},
    {{"J", of(2, 1, -2), 1, 1}, "J joule joules"},
    {{"kJ", of(2, 1, -2), 1000, 1}, "kJ kilojoule kilojoules"},
    {{"cal", of(2, 1, -2), 4184, 1000}, "cal calorie calories"},
    {{"kcal", of(2, 1, -2), 4184, 1}, "kcal kilocalorie kilocalories"},
    {{"kWh", of(2, 1, -2), 3600000, 1}, "kWh kwh kilowatt-hour kilowatt-hours"},
    {{"eV", of(2, 1, -2), 0, 1}, "eV electronvolt electronvolts"},
    {{"W", of(2, 1, -3), 1, 1}, "W watt watts"},
    {{"kW", of(2, 1, -3), 1000, 1}, "kW kilowatt kilowatts"},
    {{"hp", of(2, 1, -3), 0, 1}, "hp horsepower"},
    {{"V", of(2, 1, -3, -1), 1, 1}, "V volt volts"},
    {{"C", of(0, 0, 1, 1), 1, 1}, "C coulomb coulombs"},
    {{"ohm", of(2, 1, -3, -2), 1, 1}, "ohm ohms"},
    {{"T", of(0, 1, -2, -1), 1, 1}, "T tesla teslas"},
    {{"mph", of(1, 0, -1), 1609344, 3600000}, "mph"},
    {{"kph", of(1, 0, -1), 1000, 3600}, "kph kmph kmh"},
    {{"bit", one(kInformation), 1, 1}, "bit bits"},
    {{"byte", one(kInformation), 8, 1}, "byte bytes B"},
    {{"kB", one(kInformation), 8000, 1}, "kB KB kilobyte kilobytes"},
    {{"MB", one(kInformation), 8000000, 1}, "MB megabyte megabytes"},
    {{"GB", one(kInformation), 8000000000, 1}, "GB gigabyte gigabytes"},
    {{"rad", one(kAngle), 0, 1}, "rad rads radian radians"},
    {{"turn", one(kAngle), 1, 1}, "turn turns revolution revolutions rev revs"},
    {{"arcmin", one(kAngle), 1, 21600}, "arcminute arcminutes"},
    {{"usd", one(kMoney), 1, 1, kUsd}, "usd USD dollar dollars $"},
    {{"cent", one(kMoney), 1, 100, kUsd}, "cent cents penny pennies"},
    {{"dime", one(kMoney), 1, 10, kUsd}, "dime dimes"},
    {{"eur", one(kMoney), 1, 1, kEur}, "eur EUR euro euros"},
    {{"gbp", one(kMoney), 1, 1, kGbp}, "gbp GBP sterling"},
    {{"jpy", one(kMoney), 1, 1, kYen}, "jpy JPY yen"},
    {{"cny", one(kMoney), 1, 1, kYuan}, "cny CNY rmb RMB yuan"},
    {{"inr", one(kMoney), 1, 1, kRupee}, "inr INR rupee rupees"},
    {{"krw", one(kMoney), 1, 1, kWon}, "krw KRW won"},
    {{"rub", one(kMoney), 1, 1, kRuble}, "rub RUB ruble rubles rouble roubles"},
    {{"chf", one(kMoney), 1, 1, kSwissFranc}, "chf CHF"},
};

using Spellings = std::unordered_map<std::string, const Unit*>;

const Spellings& spellings() {
  static const Spellings kTable = [] {
    Spellings table;
    for (const Row& row : kRows) {
      std::string_view rest = row.spellings;
      while (!rest.empty()) {
        const size_t end = std::min(rest.find(' '), rest.size());
        std::string word(rest.substr(0, end));
        std::replace(word.begin(), word.end(), '_', ' ');
        table.emplace(std::move(word), &row.unit);
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      table.emplace(std::string(row.unit.name), &row.unit);
    }
    return table;
  }();
  return kTable;
}

void append_powers(const std::vector<UnitPower>& powers, int sign, std::string& out) {
  bool first = true;
  for (const UnitPower& power : powers) {
    if (power.exponent * sign <= 0) continue;
    if (!first) out += '*';
    first = false;
    out += power.unit->name;
    if (power.exponent * sign != 1) out += "^" + std::to_string(power.exponent * sign);
  }
}

}  // namespace

const Unit* find_unit(std::string_view word) {
  const Spellings& table = spellings();
  auto found = table.find(std::string(word));
  // "Meters" and "METERS", but not "M" for m nor "Kg" for another unit of one or two letters.
  if (found == table.end() && word.size() > 2) found = table.find(lower_case(word));
  return found == table.end() ? nullptr : found->second;
}

std::optional<std::vector<UnitPower>> unit_powers(std::string_view normalised) {
  std::vector<UnitPower> powers;
  int sign = 1;
  while (!normalised.empty()) {
    const size_t end = std::min(normalised.find_first_of("*/"), normalised.size());
    std::string_view name = normalised.substr(0, end);
    int exponent = 1;
    if (const size_t caret = name.find('^'); caret != std::string_view::npos) {
      const std::string_view digits = name.substr(caret + 1);
      std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
      name = name.substr(0, caret);
    }
    if (name != "1") {
      const Unit* unit = find_unit(name);
      if (unit == nullptr || unit->name != name) return std::nullopt;
      powers.push_back({unit, sign * exponent});
    }
    if (end == normalised.size()) break;
    if (normalised[end] == '/') sign = -1;
    normalised.remove_prefix(end + 1);
  }
  if (powers.empty()) return std::nullopt;
  return powers;
}

std::string unit_text(const std::vector<UnitPower>& powers) {
  std::vector<UnitPower> merged;
  for (const UnitPower& power : powers) {
    const auto same = std::find_if(merged.begin(), merged.end(),
                                   [&](const UnitPower& m) { return m.unit == power.unit; });
    if (same == merged.end()) {
      merged.push_back(power);
    } else {
      same->exponent += power.exponent;
    }
  }
  std::sort(merged.begin(), merged.end(),
            [](const UnitPower& a, const UnitPower& b) { return a.unit->name < b.unit->name; });
  std::string above, below;
  append_powers(merged, 1, above);
  append_powers(merged, -1, below);
  if (below.empty()) return above;
  return (above.empty() ? "1" : above) + "/" + below;
}

}  // namespace cohort::math
