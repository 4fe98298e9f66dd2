// The names that mathematics is written with.
#pragma once

#include <optional>
#include <string_view>

#include "rewards/math/parse/token.h"

namespace cohort::math {

struct Meaning {
  Tok type;
  const char* text;
};

// A LaTeX command that is one token: \alpha, \le, \sin, \cup, \frac, ...
const Meaning* find_command(std::string_view name);

// Letters outside \text{...} that are a name of their own in plain writing: sin, sqrt, pi,
// infinity.
const Meaning* find_plain_name(std::string_view letters);

// What a command does to its argument where it is no token.
enum class Style : uint8_t {
  none,
  dropped,        // \displaystyle, \boxed: what follows stands for itself
  blank,          // \quad
  drop_argument,  // \hspace{1cm}
  text,           // \text{...}
  roman,          // \mathrm{...}, \operatorname{...}
  vector,         // \mathbf{...}, \vec{...}
  blackboard,     // \mathbb{...}
};
Style find_style(std::string_view command);

}  // namespace cohort::math
