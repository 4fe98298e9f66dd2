// The lines of a gzip'd file.
#pragma once

#include <zlib.h>

#include <string>
#include <vector>

namespace cohort {

inline std::vector<std::string> gzip_lines(const char* path) {
  const gzFile file = gzopen(path, "rb");
  std::vector<std::string> lines;
  if (!file) return lines;
  std::string line;
  for (int c; (c = gzgetc(file)) != -1;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    lines.push_back(std::move(line));
    line.clear();
  }
  if (!line.empty()) lines.push_back(std::move(line));
  gzclose(file);
  return lines;
}

}  // namespace cohort
