// Where the code of a completion is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::judge {

struct FencedBlock {
  std::string_view language;  // the word behind the opening backquotes, as written; may be empty
  std::string code;           // with its last line end; the indentation of the fence taken off
};
struct FencedBlocks {
  std::vector<FencedBlock> complete;  // in order
  bool open_at_end = false;           // the last fence is never closed
  bool any_fence = false;
};
// Three or more backquotes and the end of a line, with at most a language between them ("python",
// " python", "{.python}"), open a block; so do tildes with a language. It ends at the next line
// that begins with as many of the same or more, and no language; where another opening line comes
// first or none is left, at the first such marks inside a line. Linear.
FencedBlocks fenced_blocks(std::string_view text);

// The last complete block of exactly this language: what R1's rules on code look at.
std::optional<std::string> last_block(std::string_view text, std::string_view language);

// What follows the last </think> and stands before a later <think>; in it, the content of the last
// <answer>...</answer> where there is one. Nothing when that last <answer> is never closed.
std::optional<std::string_view> final_part(std::string_view completion);

// The code to judge: in the final part, the last complete block of the language (also under its
// other names, py for python and c++ for cpp), else the last block without a language. Nothing
// when the last fence is never closed, or that block is blank. `bare_code`: a final part without
// any fence that begins as Python code does is the code itself (completions of base models).
std::optional<std::string> code_of(std::string_view completion, std::string_view language,
                                   bool bare_code);

// The first line that is neither blank nor a comment is indented: the body of a function.
bool is_body(std::string_view code);

}  // namespace cohort::judge
