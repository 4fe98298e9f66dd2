// The calculator annotations <<48/2=24>> in GSM8K's worked solutions, as expressions of our
// arithmetic task.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rollout/data/expression.h"

namespace cohort {

// Annotations a+b=c and a-b=c of one solution, in order: natural numbers of at most four digits
// without leading zeros, a >= b for -, and c right. Blanks inside are ignored; every other
// annotation is passed over.
std::vector<Expression> find_annotations(std::string_view solution);

// Of all rows of GSM8K's JSONL files (key `answer`), each expression once, in order of first
// appearance.
std::vector<Expression> gsm8k_expressions(const std::vector<std::string>& files,
                                          const std::string& answer_key = "answer");

// extract: gsm8k_calculator. Expressions of config.files that are not in config.exclude_files, nor
// their commuted twins; with made responses. "Nothing in two splits" for GSM8K's own test file:
// exclude_files: [train file].
std::vector<Row> gsm8k_calculator_rows(const DataConfig& config);

}  // namespace cohort
