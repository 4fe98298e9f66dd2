#include <gtest/gtest.h>

#include "core/base/files.h"
#include "rewards/reward.h"

namespace cohort {
namespace {

// Rows "| code | `name` |..." below a heading, as "code name".
std::vector<std::string> documented(const std::string& after) {
  const std::string doc = read_file(COHORT_SOURCE_DIR "/docs/rewards.md");
  std::vector<std::string> rows;
  size_t at = doc.find(after);
  EXPECT_NE(at, std::string::npos) << after;
  bool in_table = false;
  while (at < doc.size()) {
    size_t end = doc.find('\n', at);
    if (end == std::string::npos) end = doc.size();
    const std::string line = doc.substr(at, end - at);
    at = end + 1;
    if (line.size() > 2 && line[0] == '|' && std::isdigit(static_cast<unsigned char>(line[2]))) {
      in_table = true;
      const size_t open = line.find('`'), close = line.find('`', open + 1);
      rows.push_back(line.substr(2, line.find(' ', 2) - 2) + " " +
                     line.substr(open + 1, close - open - 1));
    } else if (in_table) {
      break;
    }
  }
  return rows;
}

TEST(RewardsDoc, ListsEveryReason) {
  std::vector<std::string> expected;
  for (int i = 0; i < static_cast<int>(Reason::kCount); ++i)
    expected.push_back(std::to_string(i) + " " + reason_name(static_cast<Reason>(i)));
  EXPECT_EQ(documented("## Reason codes"), expected);
}

TEST(RewardsDoc, ListsEveryVerdict) {
  std::vector<std::string> expected;
  for (int i = 0; i <= static_cast<int>(Verdict::not_applicable); ++i)
    expected.push_back(std::to_string(i) + " " + verdict_name(static_cast<Verdict>(i)));
  EXPECT_EQ(documented("| verdict | name |"), expected);
}

TEST(RewardsDoc, HasASectionForEveryKind) {
  const std::string doc = read_file(COHORT_SOURCE_DIR "/docs/rewards.md");
  for (const std::string& kind : reward_kinds())
    EXPECT_NE(doc.find("### `" + kind + "`"), std::string::npos) << kind;
}

}  // namespace
}  // namespace cohort
