#include "model/chat_template/template_time.h"

#include <charconv>
#include <chrono>

namespace cohort {
namespace {

// `digits` decimal digits and nothing else; -1 for anything else.
int number(std::string_view text, size_t digits) {
  int value = 0;
  if (text.size() != digits || text.find_first_not_of("0123456789") != std::string_view::npos)
    return -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::optional<std::tm> midnight_of(std::string_view day) {
  if (day.size() != 10 || day[4] != '-' || day[7] != '-') return std::nullopt;
  const int y = number(day.substr(0, 4), 4), m = number(day.substr(5, 2), 2),
            d = number(day.substr(8), 2);
  if (y < 1 || m < 1 || d < 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(y),
                                         std::chrono::month(static_cast<unsigned>(m)),
                                         std::chrono::day(static_cast<unsigned>(d))};
  if (!date.ok()) return std::nullopt;
  const std::chrono::sys_days days = date;
  const std::chrono::sys_days new_year = date.year() / std::chrono::January / 1;
  std::tm out{};
  out.tm_year = y - 1900;
  out.tm_mon = m - 1;
  out.tm_mday = d;
  out.tm_wday = static_cast<int>(std::chrono::weekday(days).c_encoding());
  out.tm_yday = static_cast<int>((days - new_year).count());
  return out;
}

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm out{};
  localtime_r(&now, &out);
  return out;
}

}  // namespace cohort
