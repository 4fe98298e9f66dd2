// Inside core/io only: whole writes to a file descriptor, with errors that name the file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cohort::posix_file {

// Throws IoError "PATH: cannot WHAT: <errno's text>".
[[noreturn]] void fail(const std::string& path, const char* what);
// Writes all of it and returns the bytes written, fewer only on an error, which errno tells.
size_t write_some(int fd, const void* data, size_t size);
// Throws IoError unless all of it is written.
void write_all(int fd, const std::string& path, const void* data, size_t size);
// Opens (making it when absent) for append; throws IoError.
int open_append(const std::string& path);
// Appends the buffer and fsyncs. What was written leaves the buffer even when the rest fails, so
// that a second try repeats nothing.
void append_durably(int fd, const std::string& path, std::string& buffer);

}  // namespace cohort::posix_file
