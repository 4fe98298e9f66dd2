// The message of the error that a call throws, to be compared with what the user should read.
#pragma once

#include <exception>
#include <string>

namespace cohort {

// "no error" when nothing is thrown, and the message with a mark in front when it is of another
// type.
template <class E, class Call>
std::string error_text(Call&& call) {
  try {
    call();
  } catch (const E& e) {
    return e.what();
  } catch (const std::exception& e) {
    return std::string("wrong type of error: ") + e.what();
  }
  return "no error";
}

}  // namespace cohort
