#include "rewards/math/parse/operation_words.h"

#include <unordered_set>

namespace cohort::math {

bool is_operation_word(std::string_view word) {
  static const std::unordered_set<std::string_view> kOperations = {
      "negative",  "minus",      "plus",        "times",    "over",      "squared",    "cubed",
      "factorial", "divided",    "multiplied",  "half",     "halves",    "thirds",     "quarters",
      "tenths",    "hundredths", "thousandths", "fifths",   "sixths",    "eighths",    "ninths",
      "sevenths",  "tens",       "hundred",     "thousand", "million",   "billion",    "trillion",
      "hundreds",  "thousands",  "millions",    "billions", "trillions", "dozen",      "dozens",
      "score",     "gross",      "lakh",        "crore",    "lakhs",     "crores",     "bn",
      "mln",       "doubled",    "tripled",     "double",   "triple",    "twice",      "thrice",
      "root",      "greater",    "less",        "more",     "fewer",     "least",      "most",
      "above",     "below",      "under",       "exceeds",  "than",      "reciprocal", "inverse",
      "opposite",  "negated",    "modulo",      "mod",      "to",        "menos",      "moins",
      "meno",      "negativo"};
  return kOperations.contains(word);
}

bool is_no_noun(std::string_view word) {
  static const std::unordered_set<std::string_view> kOthers = {
      // said of the value
      "not", "is", "are", "was", "because", "which", "but", "no", "isn't", "then", "maybe",
      "perhaps", "wrong", "wait", "never", "or", "and", "so", "thus", "i", "we", "it", "answer",
      "between", "incorrect", "false", "impossible", "invalid", "else", "unless", "except",
      "instead", "either", "rather", "possibly", "probably", "oder", "ou", "nicht", "pas",
      "neither", "nor", "undefined", "without", "short",
      // operations where they follow it
      "halved", "quadrupled", "inverted", "negatives", "squareroot", "roots", "power", "exponent",
      "loss", "losses", "deficit", "debt", "owed", "infinity", "infinite", "pi", "point",
      "imaginary", "complex", "conjugate", "degrees", "degree",
      // parts and numerals
      "third", "quarter", "fourth", "fourths", "fifth", "sixth", "seventh", "eighth", "ninth",
      "tenth", "hundredth", "thousandth", "millionth", "millionths", "percentage", "permille",
      "mille", "basis", "bp", "bps", "ppm", "zero", "one", "two", "three", "four", "five", "six",
      "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty", "thirty", "forty", "fifty",
      "sixty", "seventy", "eighty", "ninety", "scores", "pair", "pairs", "couple", "couples",
      "myriad", "mn", "tn", "mio", "mrd", "k", "acht"};
  return kOthers.contains(word) || is_operation_word(word);
}

}  // namespace cohort::math
