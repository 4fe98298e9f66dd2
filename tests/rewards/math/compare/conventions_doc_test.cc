#include <gtest/gtest.h>

#include <vector>

#include "core/base/files.h"
#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

struct Row {
  std::string convention, gold, answer, verdict;
};

// The cells of "| text | `gold` | `answer` | `verdict` |"; "\|" is a bar.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> result;
  std::string cell;
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell.push_back('|');
      ++i;
    } else if (line[i] == '|') {
      const size_t first = cell.find_first_not_of(" `"), last = cell.find_last_not_of(" `");
      result.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
      cell.clear();
    } else {
      cell.push_back(line[i]);
    }
  }
  return result;
}

std::vector<Row> documented() {
  const std::string doc = read_file(COHORT_SOURCE_DIR "/docs/rewards.md");
  size_t at = doc.find("## Math: conventions");
  EXPECT_NE(at, std::string::npos);
  const size_t end = std::min(doc.find("\n## ", at), doc.size());
  std::vector<Row> rows;
  while (at < end) {
    const size_t stop = doc.find('\n', at);
    const std::string line = doc.substr(at, stop - at);
    at = stop + 1;
    if (!line.starts_with("| ") || line.starts_with("| convention") || line.starts_with("| ---"))
      continue;
    const auto parts = cells(line);
    EXPECT_EQ(parts.size(), 4u) << line;
    if (parts.size() == 4) rows.push_back({parts[0], parts[1], parts[2], parts[3]});
  }
  return rows;
}

TEST(MathConventions, AreAsTheDocumentSays) {
  const auto rows = documented();
  EXPECT_GT(rows.size(), 100u);
  for (const Row& row : rows)
    EXPECT_EQ(verdict(row.gold, row.answer), row.verdict)
        << row.convention << ": gold " << row.gold << ", answer " << row.answer;
}

TEST(MathConventions, EveryGoldAndAnswerOfTheDocumentEqualsItself) {
  for (const Row& row : documented()) {
    EXPECT_EQ(verdict(row.gold, row.gold), "correct") << row.gold;
    EXPECT_EQ(verdict(row.answer, row.answer), "correct") << row.answer;
  }
}

}  // namespace
}  // namespace cohort::math
