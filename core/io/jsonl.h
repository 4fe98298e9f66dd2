// JSON Lines, plain or gzip'd (by content, not by name). Errors name file and line.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace cohort {

// Calls `row` with each line's object and its 1-based line number; blank lines are skipped. Throws
// InputError for a line that is not JSON or nests deeper than 256 levels, for a broken gzip stream
// and for invalid UTF-8.
void read_jsonl(const std::string& path,
                const std::function<void(const nlohmann::json& row, int64_t line)>& row);

// Appends rows; flush() makes them durable. truncate_after keeps the lines for which keep() is true
// (used on resume) and drops a half-written last line.
class JsonlWriter {
 public:
  explicit JsonlWriter(const std::string& path);  // opens for append; throws IoError
  ~JsonlWriter();
  JsonlWriter(const JsonlWriter&) = delete;
  JsonlWriter& operator=(const JsonlWriter&) = delete;
  void write(const nlohmann::json& row);
  void flush();

  static void truncate_after(const std::string& path,
                             const std::function<bool(const nlohmann::json& row)>& keep);

 private:
  int fd_ = -1;
  std::string path_;
  std::string buffer_;
};

}  // namespace cohort
