#include "launch/commands/date_option.h"

#include <CLI/CLI.hpp>

#include "model/chat_template/template_time.h"

namespace cohort {

CLI::Option* add_date_option(CLI::App& command, std::string& date) {
  return command
      .add_option("--date", date, "Day that a chat template's strftime_now says; today when absent")
      ->check([](const std::string& text) {
        return midnight_of(text) ? "" : "expected a day such as 2024-07-26, found " + text;
      });
}

std::tm template_time(const std::string& date) {
  return date.empty() ? local_time() : midnight_of(date).value();
}

}  // namespace cohort
