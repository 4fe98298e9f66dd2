#include "core/base/files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/error.h"

namespace cohort {
namespace {
namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "cohort_files_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string folder_;
};

TEST_F(Files, WriteReadsBackAndLeavesNothingBeside) {
  const std::string path = folder_ + "/a.bin";
  const std::string content("zero \0 and \xff", 12);
  write_file_atomic(path, "before");
  write_file_atomic(path, content);
  EXPECT_EQ(read_file(path), content);
  EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"a.bin"});
}

TEST_F(Files, AnEmptyFileIsRead) {
  write_file_atomic(folder_ + "/empty", "");
  EXPECT_EQ(read_file(folder_ + "/empty"), "");
}

TEST_F(Files, FailuresNameTheFile) {
  const std::string missing = folder_ + "/none/x";
  try {
    read_file(missing);
    FAIL();
  } catch (const InputError& e) {
    EXPECT_EQ(std::string(e.what()), missing + ": cannot open: No such file or directory");
  }
  EXPECT_THROW(read_file(folder_), InputError);
  EXPECT_THROW(write_file_atomic(missing, "x"), IoError);
  EXPECT_THROW(fsync_path(missing), IoError);
  EXPECT_THROW(commit_rename(missing, folder_ + "/y"), IoError);
  write_file_atomic(folder_ + "/file", "");
  EXPECT_THROW(make_folders(folder_ + "/file/below"), IoError);
}

TEST_F(Files, ListIsSortedAndEmptyForWhatIsNotThere) {
  for (const char* name : {"b", "a", "c"}) write_file_atomic(folder_ + "/" + name, "");
  EXPECT_EQ(list_folder(folder_), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(list_folder(folder_ + "/none").empty());
}

TEST_F(Files, FoldersAreMadeRenamedAndRemoved) {
  make_folders(folder_ + "/x/y/z");
  make_folders(folder_ + "/x/y/z");
  commit_rename(folder_ + "/x", folder_ + "/w");
  EXPECT_TRUE(path_exists(folder_ + "/w/y/z"));
  EXPECT_FALSE(path_exists(folder_ + "/x"));
  remove_tree(folder_ + "/w");
  remove_tree(folder_ + "/w");
  EXPECT_FALSE(path_exists(folder_ + "/w"));
}

// XXH3 of nothing, from the specification's test values.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(hash64("", 0), 0x2D06800538D394C2u);
  EXPECT_EQ(hash128_hex("", 0), "99aa06d3014798d86001c324468d497f");
  EXPECT_NE(hash64("ab", 2), hash64("ba", 2));
  EXPECT_NE(hash64("ab", 2, 1), hash64("ab", 2, 2));
}

TEST(NearestName, IsNearOrEmpty) {
  const std::vector<std::string> known = {"rollout", "reward", "actor"};
  EXPECT_EQ(nearest_name("rolout", known), "rollout");
  EXPECT_EQ(nearest_name("rewards", known), "reward");
  EXPECT_EQ(nearest_name("zebra_crossing", known), "");
  EXPECT_EQ(nearest_name("x", {}), "");
}

}  // namespace
}  // namespace cohort
