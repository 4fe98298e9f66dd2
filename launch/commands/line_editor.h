// A line typed at a terminal: UTF-8, arrows, Home and End, Ctrl-A E K L U W, earlier lines by Up
// and Down. What is pasted stays one text with its line ends (bracketed paste), of any length;
// Alt-Enter begins a new line. The terminal has its own settings again while nothing is read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cohort {

class LineEditor {
 public:
  enum class End : uint8_t { line, interrupted, input };  // Enter, Ctrl-C, Ctrl-D
  // Standard input and output must be terminals; it prints to standard output. Valid UTF-8.
  End read(const std::string& prompt, std::string& line);

 private:
  using Text = std::vector<std::string>;  // characters

  int next_byte();                     // -1 at the end of the input
  bool more_within(int milliseconds);  // there is input
  std::string character(int first);
  void escape();
  void paste();
  void control(int key);
  void insert(const std::string& character);
  void erase(size_t from, size_t to);
  void recall(size_t entry);
  size_t word_before() const;
  void draw();

  std::string prompt_;
  Text text_;
  size_t cursor_ = 0;      // characters before it
  int64_t drawn_row_ = 0;  // of the cursor, from the prompt's
  std::vector<Text> history_;
  size_t entry_ = 0;  // of the history; its size: the line at hand
  Text at_hand_;
};

}  // namespace cohort
