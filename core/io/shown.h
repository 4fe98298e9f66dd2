// Inside core/io only: text of a hostile file as a message can show it.
#pragma once

#include <string>
#include <string_view>

namespace cohort {

// On one line, of sane length, other characters than printable ASCII as \xNN.
std::string shown(std::string_view text);

}  // namespace cohort
