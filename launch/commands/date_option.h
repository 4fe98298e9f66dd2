// --date of the commands that render chat templates.
#pragma once

#include <ctime>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace cohort {

CLI::Option* add_date_option(CLI::App& command, std::string& date);
// What strftime_now says: midnight of that day; this second when there is none.
std::tm template_time(const std::string& date);

}  // namespace cohort
