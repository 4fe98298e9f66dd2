#include "rewards/code/program.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "rewards/code/code_text.h"

namespace cohort::judge {

namespace {

constexpr size_t kEnd = std::string_view::npos;

size_t width_of_indent(std::string_view line) {
  size_t width = 0;
  for (const char c : line.substr(0, line.find_first_not_of(" \t")))
    width += c == '\t' ? 8 - width % 8 : 1;
  return width;
}

// Lines that hold more than blanks and comments, without what is behind the last mark of theirs.
std::vector<std::string_view> code_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t first = line.find_first_not_of(" \t\r");
    if (first != kEnd && line[first] != '#')
      lines.push_back(line.substr(0, line.find_last_not_of(" \t\r") + 1));
  }
  return lines;
}

bool ends_with_colon(std::string_view line) {
  if (line.ends_with(':')) return true;
  // A comment behind it, where no string is open.
  const size_t mark = line.find('#');
  if (mark == kEnd) return false;
  line = line.substr(0, mark);
  if (std::ranges::count(line, '"') % 2 != 0 || std::ranges::count(line, '\'') % 2 != 0)
    return false;
  return line.substr(0, line.find_last_not_of(" \t") + 1).ends_with(':');
}

bool begins_definition(std::string_view line) {
  static constexpr std::array<std::string_view, 3> kWords = {"def ", "async def ", "class "};
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return std::ranges::any_of(kWords, [&](std::string_view word) { return line.starts_with(word); });
}

// The first line of the definition whose body the text does not have yet.
std::optional<std::string_view> open_definition(std::string_view text) {
  const std::vector<std::string_view> lines = code_lines(text);
  if (lines.empty() || !ends_with_colon(lines.back())) return std::nullopt;
  for (size_t i = lines.size(); i-- > 0;) {
    if (begins_definition(lines[i])) return lines[i];
    if (i + 1 < lines.size() && ends_with_colon(lines[i])) break;  // of another block
  }
  return std::nullopt;
}

bool imports_from_future(const std::string& program) {
  return ("\n" + program).find("\nfrom __future__ ") != std::string::npos;
}

}  // namespace

std::string make_program(const CodeProblem& problem, const std::string& code) {
  if (problem.prefix.empty()) return code;
  std::string program = problem.prefix;
  if (!program.ends_with('\n')) program += '\n';
  const std::vector<std::string_view> lines = code_lines(code);
  const auto open = open_definition(problem.prefix);
  const bool repeated =
      open && !lines.empty() && width_of_indent(lines[0]) <= width_of_indent(*open);
  if (is_body(code) && !repeated) return program + code;
  // Such an import must come first.
  if (imports_from_future(code)) return code;
  if (repeated) {
    program += open->substr(0, open->find_first_not_of(" \t"));
    program += "    pass\n";
  }
  return program + "\n" + code;
}

std::string find_entry_point(const std::string& name, const std::string& program) {
  const std::string text = "\n" + program;
  if (name.find('.') != std::string::npos) return name;
  for (const char* defines : {"\ndef ", "\nasync def "})
    if (text.find(defines + name + "(") != std::string::npos) return name;
  if (text.find("\n" + name + " =") != std::string::npos) return name;
  for (const char* defines : {"\nclass Solution:", "\nclass Solution(", "\nclass Solution "})
    if (text.find(defines) != std::string::npos) return "Solution()." + name;
  return name;
}

std::string with_usual_imports(const std::string& program) {
  if (imports_from_future(program)) return program;
  // The last: math's pow is none of integers.
  static const std::string kImports =
      "import bisect, collections, copy, datetime, functools, heapq, itertools, math, operator, "
      "random, re, string, sys; from bisect import *; from collections import *; "
      "from functools import *; from heapq import *; from itertools import *; from math import *; "
      "from typing import *; from builtins import pow\n";
  return kImports + program;
}

}  // namespace cohort::judge
