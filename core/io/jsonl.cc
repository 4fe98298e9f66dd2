#include "core/io/jsonl.h"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/json_depth.h"
#include "core/io/posix_file.h"

namespace cohort {
namespace {

using nlohmann::json;

// More than any row has; what reads, copies and prints a row recurses.
constexpr int kMaxLevels = 256;
constexpr size_t kFlushBytes = size_t{1} << 20;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

// nlohmann's "[json.exception.parse_error.101] parse error at line 1, column 8: reason; last read:
// ..." without its prefix and without the text of the line, which may be long and is not valid
// UTF-8.
std::string fault_of(const json::parse_error& e) {
  std::string text = e.what();
  if (text.find("ill-formed UTF-8") != std::string::npos)
    return fmt::format("invalid UTF-8 at byte {}", e.byte);
  if (const size_t start = text.find("column "); start != std::string::npos) text.erase(0, start);
  if (const size_t tail = text.find("; last read"); tail != std::string::npos) text.erase(tail);
  return "not JSON: " + text;
}

json parse_row(const std::string& path, int64_t line, std::string_view text) {
  if (const size_t nul = text.find('\0');
      nul != std::string_view::npos)  // the parser's end of text
    throw_error<InputError>("{}:{}: not JSON: a NUL character in column {}", path, line, nul + 1);
  if (json_nests_deeper(text, kMaxLevels))
    throw_error<InputError>("{}:{}: nested deeper than {} levels", path, line, kMaxLevels);
  json row;
  try {
    row = json::parse(text);
  } catch (const json::parse_error& e) {
    throw_error<InputError>("{}:{}: {}", path, line, fault_of(e));
  }
  if (!row.is_object())
    throw_error<InputError>("{}:{}: expected a JSON object, found {}", path, line, row.type_name());
  return row;
}

// Calls `visit` with each line, without its newline; `whole` is false for a last line that has
// none. zlib reads plain files as they are.
void for_each_line(
    const std::string& path,
    const std::function<void(std::string_view text, int64_t line, bool whole)>& visit) {
  errno = 0;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(::gzopen(path.c_str(), "rb"), ::gzclose);
  if (!file) throw_error<InputError>("{}: cannot open: {}", path, std::strerror(errno));

  std::string pending;  // the start of a line whose end was not read yet
  std::string block(size_t{1} << 18, '\0');
  int64_t line = 0;
  for (;;) {
    const int n = ::gzread(file.get(), block.data(), static_cast<unsigned>(block.size()));
    int status = Z_OK;
    const char* message = ::gzerror(file.get(), &status);
    std::string_view rest(block.data(), static_cast<size_t>(std::max(n, 0)));
    for (size_t end; (end = rest.find('\n')) != std::string_view::npos;
         rest.remove_prefix(end + 1)) {
      pending.append(rest.substr(0, end));
      visit(pending, ++line, true);
      pending.clear();
    }
    pending.append(rest);
    if (status == Z_ERRNO)
      throw_error<InputError>("{}: cannot read: {}", path, std::strerror(errno));
    if (status != Z_OK)  // Z_BUF_ERROR: the stream ends before its trailer
      throw_error<InputError>("{}: broken gzip stream after line {}: {}", path, line,
                              status == Z_BUF_ERROR ? "unexpected end of file" : message);
    if (n <= 0) break;
  }
  if (!pending.empty()) visit(pending, line + 1, false);
}

}  // namespace

void read_jsonl(const std::string& path,
                const std::function<void(const json& row, int64_t line)>& row) {
  for_each_line(path, [&](std::string_view text, int64_t line, bool) {
    if (!is_blank(text)) row(parse_row(path, line, text), line);
  });
}

JsonlWriter::JsonlWriter(const std::string& path)
    : fd_(posix_file::open_append(path)), path_(path) {}

JsonlWriter::~JsonlWriter() {
  posix_file::write_some(fd_, buffer_.data(), buffer_.size());
  ::close(fd_);
}

void JsonlWriter::write(const json& row) {
  // A model's text may hold broken UTF-8: it is shown with replacement characters.
  buffer_ += row.dump(-1, ' ', false, json::error_handler_t::replace);
  buffer_ += '\n';
  if (buffer_.size() >= kFlushBytes) flush();
}

void JsonlWriter::flush() { posix_file::append_durably(fd_, path_, buffer_); }

void JsonlWriter::truncate_after(const std::string& path,
                                 const std::function<bool(const json& row)>& keep) {
  if (!path_exists(path)) return;
  std::string kept;
  bool dropped = false;
  for_each_line(path, [&](std::string_view text, int64_t line, bool whole) {
    if (whole && !is_blank(text) && keep(parse_row(path, line, text))) {
      kept.append(text).push_back('\n');
    } else {
      dropped = true;
    }
  });
  if (dropped) write_file_atomic(path, kept);
}

}  // namespace cohort
