// The program that is run: a problem's prefix and a completion's code, put together.
#pragma once

#include <string>

#include "rewards/code/problem.h"

namespace cohort::judge {

// The prefix, and the code as the body that follows it or as a whole behind it. Where a whole comes
// behind a prefix that ends with the first line of a function or a class, that one gets a body
// which does nothing: the code has the definition once more.
std::string make_program(const CodeProblem& problem, const std::string& code);

// What is called in the program: a method of LeetCode's class Solution may be asked for by its bare
// name.
std::string find_entry_point(const std::string& name, const std::string& program);

// The program behind the imports that the usual harnesses for LeetCode's problems make. One line,
// left out before a program that imports from __future__.
std::string with_usual_imports(const std::string& program);

}  // namespace cohort::judge
