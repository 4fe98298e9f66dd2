// How deep JSON text nests, known before it is read: trees of JSON values are copied, printed and
// visited recursively, so that text from outside must not choose their depth.
#pragma once

#include <string_view>

namespace cohort {

// Whether more than `levels` arrays and objects are open at once. One pass; text that is not JSON
// gets some answer, and is for the parser to refuse.
bool json_nests_deeper(std::string_view text, int levels);

}  // namespace cohort
