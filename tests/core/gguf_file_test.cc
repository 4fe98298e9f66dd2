// The golden file comes from PyPI gguf: tools/goldens/gguf_goldens.py, which also reads it back
// with gguf's reader and with ggml's own.
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/gguf.h"
#include "tests/support/error_text.h"
#include "tests/support/temp_folder.h"

namespace cohort {
namespace {

const std::string kGolden = COHORT_SOURCE_DIR "/tests/golden/io/types.gguf";

GgufMetadata golden_metadata() {
  GgufMetadata out("golden");
  out.add("general.architecture", "golden");
  out.add("a.u8", uint8_t{255});
  out.add("a.i8", int8_t{-128});
  out.add("a.u16", uint16_t{65535});
  out.add("a.i16", int16_t{-32768});
  out.add("a.u32", uint32_t{4294967295});
  out.add("a.i32", int32_t{INT32_MIN});
  out.add("a.f32", 1.5f);
  out.add("a.true", true);
  out.add("a.false", false);
  out.add("a.string", "two\nlines, \xc3\xbc");
  out.add("a.u64", uint64_t{UINT64_MAX});
  out.add("a.i64", int64_t{INT64_MIN});
  out.add("a.f64", -0.1);
  out.add("a.empty", "");
  out.add("b.u8", std::vector<uint8_t>{0, 255});
  out.add("b.i8", std::vector<int8_t>{-1, 2});
  out.add("b.u16", std::vector<uint16_t>{1});
  out.add("b.i16", std::vector<int16_t>{-1});
  out.add("b.u32", std::vector<uint32_t>{1, 2, 3});
  out.add("b.i32", std::vector<int32_t>{-1, 0, 1});
  out.add("b.f32", std::vector<float>{0.5f, -2.0f});
  out.add("b.bool", std::vector<bool>{true, false, true});
  out.add("b.string", std::vector<std::string>{"a", "",
                                               "\xc4\xa0"
                                               "b"});
  out.add("b.u64", std::vector<uint64_t>{uint64_t{1} << 63});
  out.add("b.i64", std::vector<int64_t>{-1});
  out.add("b.f64", std::vector<double>{0.1});
  return out;
}

struct Golden {
  GgufTensorInfo info;
  std::vector<std::byte> data;
};

std::vector<std::byte> counting(size_t bytes, size_t start) {
  std::vector<std::byte> out(bytes);
  for (size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::byte>((start + i) % 251);
  return out;
}

std::vector<Golden> golden_tensors() {
  std::vector<Golden> out;
  const GgmlType types[] = {GgmlType::f32,  GgmlType::f16,  GgmlType::bf16, GgmlType::q8_0,
                            GgmlType::q4_0, GgmlType::q4_1, GgmlType::q5_0, GgmlType::q5_1,
                            GgmlType::q4_k, GgmlType::q5_k, GgmlType::q6_k};
  for (const GgmlType type : types)
    out.push_back(
        {{std::string("t.") + ggml_type_name(type), type, {3, 2 * ggml_block_elements(type)}},
         counting(6 * static_cast<size_t>(ggml_block_bytes(type)), out.size())});
  out.push_back({{"f1", GgmlType::f32, {5}}, counting(20, 0)});
  out.push_back({{"f3", GgmlType::f32, {2, 3, 4}}, counting(96, 0)});
  out.push_back({{"f4", GgmlType::f32, {2, 1, 3, 2}}, counting(48, 0)});
  return out;
}

std::vector<GgufTensorInfo> infos_of(const std::vector<Golden>& tensors) {
  std::vector<GgufTensorInfo> out;
  for (const Golden& tensor : tensors) out.push_back(tensor.info);
  return out;
}

class Gguf : public TempFolderTest {
 protected:
  std::string path() const { return in_folder("a.gguf"); }
};

TEST_F(Gguf, ReadsTheReferencesFile) {
  const auto file = GgufFile::open(kGolden);
  EXPECT_EQ(file->metadata().entries(), golden_metadata().entries());
  const auto tensors = golden_tensors();
  ASSERT_EQ(file->tensors().size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const GgufTensor& found = file->tensors()[i];
    EXPECT_EQ(found.name, tensors[i].info.name);
    EXPECT_EQ(found.type, tensors[i].info.type) << found.name;
    EXPECT_EQ(found.shape, tensors[i].info.shape) << found.name;
    EXPECT_TRUE(std::ranges::equal(found.data, tensors[i].data)) << found.name;
    EXPECT_EQ(file->find(found.name), &found);
  }
  EXPECT_EQ(file->find("t"), nullptr);
}

TEST_F(Gguf, WritesTheReferencesBytes) {
  const auto tensors = golden_tensors();
  GgufWriter writer(path(), golden_metadata(), infos_of(tensors));
  for (const Golden& tensor : tensors) writer.append(tensor.info.name, tensor.data);
  EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"a.gguf.part"});
  writer.finish();
  EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"a.gguf"});
  EXPECT_TRUE(read_file(path()) == read_file(kGolden));
}

TEST_F(Gguf, ATensorMayComeInPieces) {
  const auto tensors = golden_tensors();
  GgufWriter writer(path(), golden_metadata(), infos_of(tensors));
  for (const Golden& tensor : tensors) {
    const std::span<const std::byte> data = tensor.data;
    writer.append(tensor.info.name, data.first(1));
    writer.append(tensor.info.name, data.subspan(1, 0));
    writer.append(tensor.info.name, data.subspan(1));
  }
  writer.finish();
  EXPECT_TRUE(read_file(path()) == read_file(kGolden));
}

TEST_F(Gguf, ScalarsAndEmptyTensorsAndFilesWithoutAnyAreWritten) {
  for (const uint32_t alignment : {0u, 8u, 4096u}) {
    GgufMetadata metadata("m");
    if (alignment > 0) metadata.add("general.alignment", alignment);
    GgufWriter(path(), metadata, {}).finish();
    EXPECT_TRUE(GgufFile::open(path())->tensors().empty());

    const auto one = counting(4, 7);
    GgufWriter writer(path(), metadata,
                      {{"none", GgmlType::q4_k, {0, 256}},
                       {"scalar", GgmlType::f32, {}},
                       {"empty", GgmlType::f32, {2, 0}}});
    writer.append("scalar", one);
    writer.finish();
    const auto file = GgufFile::open(path());
    ASSERT_EQ(file->tensors().size(), 3u);
    EXPECT_TRUE(file->find("none")->data.empty());
    EXPECT_EQ(file->find("scalar")->shape, std::vector<int64_t>{});
    EXPECT_TRUE(std::ranges::equal(file->find("scalar")->data, one));
    EXPECT_EQ(file->find("empty")->shape, (std::vector<int64_t>{2, 0}));
  }
}

TEST_F(Gguf, WithoutItsEndNothingIsLeft) {
  {
    const auto tensors = golden_tensors();
    GgufWriter writer(path(), golden_metadata(), infos_of(tensors));
    writer.append(tensors[0].info.name, tensors[0].data);
    EXPECT_THROW(writer.finish(), CheckError);
  }
  EXPECT_TRUE(list_folder(folder_).empty());
}

TEST_F(Gguf, TheWriterRefusesWhatTheReaderWould) {
  const auto refused = [&](std::vector<GgufTensorInfo> tensors) {
    return error_text<CheckError>(
               [&] { GgufWriter(path(), GgufMetadata("m"), std::move(tensors)); }) != "no error";
  };
  EXPECT_FALSE(refused({{std::string(63, 'n'), GgmlType::f32, {1}}}));
  EXPECT_TRUE(refused({{std::string(64, 'n'), GgmlType::f32, {1}}}));
  EXPECT_TRUE(refused({{"", GgmlType::f32, {1}}}));
  EXPECT_TRUE(refused({{"t", GgmlType::f32, {1}}, {"t", GgmlType::f32, {1}}}));
  EXPECT_TRUE(refused({{"t", GgmlType::f32, {1, 1, 1, 1, 1}}}));
  EXPECT_TRUE(refused({{"t", GgmlType::f32, {-1}}}));
  EXPECT_TRUE(refused({{"t", GgmlType::q8_0, {32, 31}}}));
  EXPECT_TRUE(refused({{"t", GgmlType::q8_0, {}}}));
  EXPECT_TRUE(refused({{"t", GgmlType::f32, {int64_t{1} << 62}}}));

  GgufMetadata odd("m");
  odd.add("general.alignment", uint32_t{48});
  EXPECT_THROW(GgufWriter(path(), odd, {}), CheckError);
  EXPECT_THROW(GgufWriter(in_folder("no/x"), GgufMetadata("m"), {}), IoError);

  GgufWriter writer(path(), GgufMetadata("m"),
                    {{"a", GgmlType::f32, {1}}, {"b", GgmlType::f32, {1}}});
  EXPECT_THROW(writer.append("b", counting(4, 0)), CheckError);
  EXPECT_THROW(writer.append("a", counting(5, 0)), CheckError);
}

TEST_F(Gguf, AMappedFileOutlivesItsReplacement) {
  const auto write = [&](size_t start) {
    GgufWriter writer(path(), GgufMetadata("m"), {{"t", GgmlType::f32, {1000}}});
    writer.append("t", counting(4000, start));
    writer.finish();
  };
  write(1);
  const auto before = GgufFile::open(path());
  write(2);
  EXPECT_TRUE(std::ranges::equal(before->find("t")->data, counting(4000, 1)));
  EXPECT_TRUE(std::ranges::equal(GgufFile::open(path())->find("t")->data, counting(4000, 2)));
}

TEST_F(Gguf, ReadsVocabulariesOfRealModels) {
  const std::string folder = COHORT_SOURCE_DIR "/../shared/data/vocab";
  if (!path_exists(folder)) GTEST_SKIP() << "no vocabularies in " << folder;
  size_t files = 0;
  for (const std::string& name : list_folder(folder)) {
    if (!name.ends_with(".gguf")) continue;
    const auto file = GgufFile::open(folder + "/" + name);
    const GgufMetadata& metadata = file->metadata();
    EXPECT_TRUE(file->tensors().empty()) << name;
    EXPECT_EQ(metadata.integers("tokenizer.ggml.token_type").size(),
              metadata.strings("tokenizer.ggml.tokens").size())
        << name;
    ++files;

    // Written again, it is the same to the reader.
    GgufWriter(path(), metadata, {}).finish();
    EXPECT_EQ(GgufFile::open(path())->metadata().entries(), metadata.entries()) << name;
  }
  EXPECT_GT(files, 0u);
}

}  // namespace
}  // namespace cohort
