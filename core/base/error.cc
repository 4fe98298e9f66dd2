#include "core/base/error.h"

namespace cohort::detail {

void check_failed(const char* file, int line, const char* condition, const std::string& message) {
  throw CheckError(
      fmt::format("{}:{}: internal check failed: {} ({})", file, line, condition, message));
}

}  // namespace cohort::detail
