// The golden file comes from the reference implementation: tools/goldens/io_goldens.py. The hostile
// cases are those of its own tests and of docs/formats.md.
#include "core/io/safetensors.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "tests/support/error_text.h"
#include "tests/support/temp_folder.h"

namespace cohort {
namespace {

// A tensor whose byte i is (start + i) modulo 251, and then modulo 2 for booleans.
class Counting {
 public:
  Counting(std::string name, DType dtype, std::vector<int64_t> shape, int start)
      : name_(std::move(name)), dtype_(dtype), shape_(std::move(shape)) {
    size_t bytes = dtype_size(dtype);
    for (const int64_t extent : shape_) bytes *= static_cast<size_t>(extent);
    for (size_t i = 0; i < bytes; ++i) {
      const auto value = (static_cast<size_t>(start) + i) % 251;
      data_.push_back(static_cast<std::byte>(dtype == DType::boolean ? value % 2 : value));
    }
  }
  NamedTensor named() const { return {name_, dtype_, shape_, data_}; }
  void expect_equal(const TensorView& view) const {
    EXPECT_EQ(view.dtype, dtype_) << name_;
    EXPECT_EQ(view.shape, shape_) << name_;
    EXPECT_TRUE(std::ranges::equal(view.data, data_)) << name_;
  }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  DType dtype_;
  std::vector<int64_t> shape_;
  std::vector<std::byte> data_;
};

std::vector<Counting> golden_tensors() {
  const DType dtypes[] = {DType::boolean, DType::u8,  DType::i8,  DType::f8_e5m2,
                          DType::f8_e4m3, DType::i16, DType::f16, DType::bf16,
                          DType::i32,     DType::f32, DType::f64, DType::i64};
  std::vector<Counting> out;
  int i = 0;
  for (const DType dtype : dtypes) {
    out.emplace_back(std::string("b.") + dtype_name(dtype), dtype, std::vector<int64_t>{2, 3}, i);
    out.emplace_back(std::string("a.") + dtype_name(dtype), dtype, std::vector<int64_t>{3},
                     100 + i);
    ++i;
  }
  out.emplace_back("scalar", DType::f32, std::vector<int64_t>{}, 7);
  out.emplace_back("empty", DType::f32, std::vector<int64_t>{2, 0}, 0);
  out.emplace_back("quote \" and \xc3\xbc", DType::u8, std::vector<int64_t>{1}, 9);
  return out;
}

std::vector<NamedTensor> named(const std::vector<Counting>& tensors) {
  std::vector<NamedTensor> out;
  for (const Counting& tensor : tensors) out.push_back(tensor.named());
  return out;
}

class Safetensors : public TempFolderTest {
 protected:
  std::string path() const { return in_folder("a.safetensors"); }

  // Writes a file of this header and data, and returns the error of opening it without the path.
  std::string error_of(const std::string& header, const std::string& data = "") {
    return error_of_bytes(with_length(header.size(), header + data));
  }
  std::string error_of_bytes(const std::string& bytes) {
    std::ofstream(path(), std::ios::binary) << bytes;
    std::string text = error_text<InputError>([&] { SafetensorsFile::open(path()); });
    if (text.starts_with(path() + ": ")) text.erase(0, path().size() + 2);
    return text;
  }
  static std::string with_length(uint64_t length, const std::string& rest) {
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + rest;
  }
};

const char* const kOk = "no error";

TEST_F(Safetensors, ReadsTheReferencesFile) {
  const auto file = SafetensorsFile::open(COHORT_SOURCE_DIR "/tests/golden/io/types.safetensors");
  const auto tensors = golden_tensors();
  ASSERT_EQ(file->tensors().size(), tensors.size());
  for (const Counting& tensor : tensors) tensor.expect_equal(file->tensors().at(tensor.name()));
  EXPECT_EQ(file->metadata(), (std::map<std::string, std::string>{{"format", "pt"}}));
}

TEST_F(Safetensors, WritesTheReferencesBytes) {
  write_safetensors(path(), named(golden_tensors()));
  EXPECT_EQ(read_file(path()), read_file(COHORT_SOURCE_DIR "/tests/golden/io/types.safetensors"));
  EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"a.safetensors"});
}

TEST_F(Safetensors, AMappedFileOutlivesItsReplacement) {
  const Counting before("t", DType::f32, {1000}, 1);
  const Counting after("t", DType::f32, {1000}, 2);
  write_safetensors(path(), {before.named()});
  const auto file = SafetensorsFile::open(path());
  write_safetensors(path(), {after.named()});
  before.expect_equal(file->tensors().at("t"));
  after.expect_equal(SafetensorsFile::open(path())->tensors().at("t"));
}

TEST_F(Safetensors, DataThatWasReleasedIsStillThere) {
  const auto tensors = golden_tensors();
  write_safetensors_folder(folder_, named(tensors));
  const auto folder = SafetensorsFolder::open(folder_);
  for (const Counting& tensor : tensors) {
    const TensorView& view = folder->tensors().at(tensor.name());
    folder->release(view.data);
    tensor.expect_equal(view);
  }
  // Of memory that is no file's nothing may be lost.
  const std::vector<std::byte> own(1 << 20, std::byte{7});
  folder->release(own);
  EXPECT_EQ(std::ranges::count(own, std::byte{7}), std::ssize(own));
}

TEST_F(Safetensors, TheWriterRefusesWhatItCouldNotRead) {
  const Counting tensor("t", DType::f32, {2}, 0);
  NamedTensor wrong = tensor.named();
  wrong.shape = {3};
  EXPECT_THROW(write_safetensors(path(), {wrong}), CheckError);
  EXPECT_THROW(write_safetensors(path(), {tensor.named(), tensor.named()}), CheckError);
  EXPECT_THROW(write_safetensors(path(), {Counting("__metadata__", DType::u8, {1}, 0).named()}),
               CheckError);
  EXPECT_THROW(write_safetensors(in_folder("no/x"), {tensor.named()}), IoError);
  EXPECT_TRUE(list_folder(folder_).empty());
}

TEST_F(Safetensors, AcceptsOddButValidFiles) {
  EXPECT_EQ(error_of("{}"), kOk);
  EXPECT_EQ(
      error_of(" \n{\"t\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]}} \t ", "abcd"),
      kOk);
  EXPECT_EQ(error_of(R"({"t":{"dtype":"I32","shape":[2,0],"data_offsets":[0,0]}})"), kOk);
  EXPECT_EQ(error_of(R"({"a":{"data_offsets":[1,1],"dtype":"U8","shape":[0]},)"
                     R"("b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                     R"("c":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                     "xy"),
            kOk);
}

TEST_F(Safetensors, RefusesBrokenLengths) {
  EXPECT_EQ(error_of_bytes(""), "0 bytes are no safetensors file");
  EXPECT_EQ(error_of_bytes("1234567"), "7 bytes are no safetensors file");
  EXPECT_EQ(error_of_bytes(std::string(8, '\xff')),
            "header of 18446744073709551615 bytes, at most 100000000 are allowed");
  EXPECT_EQ(error_of_bytes(with_length(100000001, "{}")),
            "header of 100000001 bytes, at most 100000000 are allowed");
  EXPECT_EQ(error_of_bytes(with_length(3, "{}")), "header of 3 bytes in a file of 10");
  EXPECT_EQ(error_of_bytes(with_length(0, "")), "header: not JSON at byte 1");
}

TEST_F(Safetensors, AHeaderMayHaveAHundredMillionBytes) {
  for (const uint64_t length : {100000000, 100000001}) {
    std::ofstream(path(), std::ios::binary) << with_length(length, "");
    std::filesystem::resize_file(path(), 8 + length);  // the rest is NUL
    EXPECT_EQ(error_text<InputError>([&] { SafetensorsFile::open(path()); }),
              path() + (length == 100000000
                            ? ": header: not JSON at byte 1"
                            : ": header of 100000001 bytes, at most 100000000 are allowed"));
  }
  const std::map<std::string, std::string> metadata = {{"x", std::string(100000000, 'x')}};
  std::filesystem::remove(path());
  EXPECT_THROW(write_safetensors(path(), {}, metadata), CheckError);
  EXPECT_TRUE(list_folder(folder_).empty());
}

// 100,000 tensors: with time in proportion to the square of their number this would take minutes.
TEST_F(Safetensors, ReadsHeadersOfManyTensorsInLinearTime) {
  std::string header = "{";
  for (int i = 0; i < 100000; ++i)
    header += fmt::format(R"({}"t{}":{{"dtype":"U8","shape":[1],"data_offsets":[{},{}]}})",
                          i ? "," : "", i, i, i + 1);
  EXPECT_EQ(error_of(header + "}", std::string(100000, 'x')), kOk);
}

TEST_F(Safetensors, RefusesHugeArraysAndNestingInAnEntry) {
  std::string many = "[0";
  for (int i = 0; i < 65536; ++i) many += ",0";
  EXPECT_EQ(error_of("{\"t\":" + many + "]}"), "header: an array of more than 65536 elements");
  EXPECT_EQ(error_of(R"({"t":{"shape":[[]]}})"), "header: JSON nested too deep");
}

TEST_F(Safetensors, NamesAreShownOnOneLine) {
  EXPECT_EQ(error_of(R"({"a\nb\u0007":1})"),
            "tensor a\\x0ab\\x07: expected an object of dtype, shape and data_offsets");
  EXPECT_EQ(error_of("{\"" + std::string(1000, 'n') + "\":1}"),
            "tensor " + std::string(100, 'n') +
                "...: expected an object of dtype, shape and data_offsets");
}

TEST_F(Safetensors, RefusesHeadersThatAreNotJson) {
  EXPECT_EQ(error_of("\xff"), "header: not JSON at byte 1");
  EXPECT_EQ(error_of("{"), "header: not JSON at byte 2");
  EXPECT_EQ(error_of("{\"a\xff\":1}"), "header: invalid UTF-8 at byte 4");
  EXPECT_EQ(error_of("[]"), "header: not an object");
  EXPECT_EQ(error_of("null"), "header: not an object");
  EXPECT_EQ(error_of("{\"a\":1e999}"), "header: a number beyond double at byte 10");
  EXPECT_EQ(error_of("{}x"), "header: not JSON at byte 3");
  EXPECT_EQ(error_of(std::string("{}\0", 3)), "header: not JSON at byte 3");
  EXPECT_EQ(error_of("{\"a\":" + std::string(50000, '[')), "header: JSON nested too deep");
}

TEST_F(Safetensors, RefusesEntriesOfAnotherForm) {
  const auto entry = [&](const std::string& body) {
    return error_of("{\"t\":" + body + "}", "abcd");
  };
  const std::string form = "tensor t: expected an object of dtype, shape and data_offsets";
  EXPECT_EQ(entry("1"), form);
  EXPECT_EQ(entry(R"({"dtype":"I32","shape":[1]})"), form);
  EXPECT_EQ(entry(R"({"dtype":"I32","shape":[1],"data_offsets":[0,4],"x":1})"), form);
  EXPECT_EQ(entry(R"({"dtype":"Q4","shape":[1],"data_offsets":[0,4]})"),
            "tensor t: dtype \"Q4\" is not supported");
  EXPECT_EQ(entry(R"({"dtype":4,"shape":[1],"data_offsets":[0,4]})"),
            "tensor t: dtype 4 is not supported");
  EXPECT_EQ(entry(R"({"dtype":"I32","shape":1,"data_offsets":[0,4]})"),
            "tensor t: shape is not an array");
  EXPECT_EQ(entry(R"({"dtype":"I32","shape":[-1],"data_offsets":[0,4]})"),
            "tensor t: shape [-1]: -1 is not an extent");
  EXPECT_EQ(entry(R"({"dtype":"I32","shape":[1.0],"data_offsets":[0,4]})"),
            "tensor t: shape [1.0]: 1.0 is not an extent");
  EXPECT_EQ(entry(R"({"dtype":"I32","shape":[1],"data_offsets":[0,4,8]})"),
            "tensor t: data_offsets [0,4,8] are not two offsets");
  EXPECT_EQ(entry(R"({"dtype":"I32","shape":[1],"data_offsets":[0,-4]})"),
            "tensor t: data_offsets [0,-4] are not two offsets");
  EXPECT_EQ(error_of(R"({"__metadata__":{"a":1}})"),
            "__metadata__: the value of a is not a string");
  EXPECT_EQ(error_of(R"({"__metadata__":"a"})"), "__metadata__ is not an object");
}

TEST_F(Safetensors, RefusesKeysThatOccurTwice) {
  EXPECT_EQ(error_of(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                     R"("t":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                     "xy"),
            "header: key \"t\" occurs twice");
  EXPECT_EQ(error_of(R"({"t":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", "x"),
            "header: key \"dtype\" occurs twice");
}

TEST_F(Safetensors, RefusesHolesOverlapsAndWrongSizes) {
  const auto entry = [&](const std::string& body) {
    return error_of("{\"t\":" + body + "}", "abcd");
  };
  EXPECT_EQ(entry(R"({"dtype":"U8","shape":[3],"data_offsets":[1,4]})"),
            "tensor t: data_offsets [1, 4] leave a hole or overlap: expected to begin at 0");
  EXPECT_EQ(entry(R"({"dtype":"I32","shape":[2,2],"data_offsets":[0,4]})"),
            "tensor t: 4 bytes of data, I32 [2, 2] needs 16");
  EXPECT_EQ(entry(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})"), kOk);
  EXPECT_EQ(error_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                     R"("b":{"dtype":"U8","shape":[0],"data_offsets":[2,1]}})",
                     "ab"),
            "tensor b: data_offsets [2, 1] leave a hole or overlap: expected to begin at 2");
  EXPECT_EQ(error_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                     R"("b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
                     "abc"),
            "tensor b: data_offsets [2, 3] leave a hole or overlap: expected to begin at 1");
  EXPECT_EQ(error_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                     R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                     "abc"),
            "tensor b: data_offsets [1, 3] leave a hole or overlap: expected to begin at 2");
  std::string bomb = "{";
  for (int i = 0; i < 10; ++i)
    bomb += fmt::format(R"({}"t{}":{{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})",
                        i ? "," : "", i);
  EXPECT_NE(error_of(bomb + "}", std::string(16, 'x')).find("overlap"), std::string::npos);
}

TEST_F(Safetensors, RefusesShapesThatOverflow) {
  const auto with_shape = [&](const std::string& shape) {
    return error_of(R"({"t":{"dtype":"I32","shape":)" + shape + R"(,"data_offsets":[0,16]}})",
                    std::string(16, 'x'));
  };
  EXPECT_EQ(with_shape("[2,18446744073709551614]"),
            "tensor t: shape [2,18446744073709551614]: 18446744073709551614 is not an extent");
  EXPECT_EQ(with_shape("[2,9223372036854775807]"),
            "tensor t: shape [2, 9223372036854775807] overflows");
  EXPECT_EQ(with_shape("[4294967296,4294967297]"),
            "tensor t: shape [4294967296, 4294967297] overflows");
  EXPECT_EQ(with_shape("[18446744073709551616]").substr(0, 15), "tensor t: shape");
}

TEST_F(Safetensors, RefusesTrailingBytesAndTruncation) {
  const std::string header = R"({"t":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_EQ(error_of(header, "12345678"), kOk);
  EXPECT_EQ(error_of(header, "12345678x"),
            "the tensors need 8 bytes, the file holds 9: trailing bytes");
  EXPECT_EQ(error_of(header, "123456"), "the tensors need 8 bytes, the file holds 6: truncated");
}

TEST_F(Safetensors, RefusesWhatIsNoFile) {
  EXPECT_EQ(error_text<InputError>([&] { SafetensorsFile::open(path()); }),
            path() + ": cannot open: No such file or directory");
  EXPECT_EQ(error_text<InputError>([&] { SafetensorsFile::open(folder_); }),
            folder_ + ": not a regular file");
}

class SafetensorsFolderTest : public TempFolderTest {
 protected:
  void write_index(const nlohmann::json& content) {
    write_file_atomic(in_folder("model.safetensors.index.json"), content.dump());
  }
  // Without the folder in front.
  std::string open_error() const {
    std::string text = error_text<InputError>([&] { SafetensorsFolder::open(folder_); });
    if (text.starts_with(folder_)) text.erase(0, folder_.size() + 1);
    return text;
  }
  const std::vector<Counting> tensors_ = golden_tensors();
};

TEST_F(SafetensorsFolderTest, OneFileHasNoIndex) {
  write_safetensors_folder(folder_, named(tensors_));
  EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"model.safetensors"});
  const auto folder = SafetensorsFolder::open(folder_);
  ASSERT_EQ(folder->tensors().size(), tensors_.size());
  for (const Counting& tensor : tensors_) tensor.expect_equal(folder->tensors().at(tensor.name()));
}

TEST_F(SafetensorsFolderTest, ShardsHaveAnIndexAndReplaceAnEarlierExport) {
  write_safetensors_folder(folder_, named(tensors_));
  write_safetensors_folder(folder_, named(tensors_), 100);
  const std::vector<std::string> names = list_folder(folder_);
  ASSERT_GT(names.size(), 3u);
  EXPECT_EQ(names.front(), fmt::format("model-00001-of-{:05}.safetensors", names.size() - 1));
  EXPECT_EQ(names.back(), "model.safetensors.index.json");
  const auto index = nlohmann::json::parse(read_file(in_folder(names.back())));
  size_t total = 0;
  for (const Counting& tensor : tensors_) total += tensor.named().data.size();
  EXPECT_EQ(index["metadata"]["total_size"], total);
  EXPECT_EQ(index["weight_map"].size(), tensors_.size());
  {
    const auto folder = SafetensorsFolder::open(folder_);
    ASSERT_EQ(folder->tensors().size(), tensors_.size());
    for (const Counting& tensor : tensors_)
      tensor.expect_equal(folder->tensors().at(tensor.name()));
  }
  write_safetensors_folder(folder_, named(tensors_));
  EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"model.safetensors"});
}

TEST_F(SafetensorsFolderTest, TheIndexMustAgreeWithTheFiles) {
  const Counting a("a", DType::u8, {1}, 0);
  const Counting b("b", DType::u8, {1}, 1);
  EXPECT_EQ(error_text<InputError>([&] { SafetensorsFolder::open(folder_); }),
            folder_ + ": neither model.safetensors nor model.safetensors.index.json");
  write_safetensors(in_folder("x.safetensors"), {a.named()});
  write_safetensors(in_folder("y.safetensors"), {b.named()});
  // DeepSeek's own converter leaves the metadata empty.
  write_index({{"metadata", nlohmann::json::object()},
               {"weight_map", {{"a", "x.safetensors"}, {"b", "y.safetensors"}}}});
  EXPECT_EQ(open_error(), kOk);
  write_index({{"weight_map", {{"a", "x.safetensors"}, {"b", "z.safetensors"}}}});
  EXPECT_EQ(open_error(), "model.safetensors.index.json: shard z.safetensors is missing");
  write_index({{"weight_map", {{"a", "x.safetensors"}, {"b", "x.safetensors"}}}});
  EXPECT_EQ(open_error(), "x.safetensors: the index places tensor b here, the file lacks it");
  write_safetensors(in_folder("y.safetensors"), {a.named(), b.named()});  // a in two shards
  write_index({{"weight_map", {{"a", "x.safetensors"}, {"b", "y.safetensors"}}}});
  EXPECT_EQ(open_error(), "y.safetensors: tensor a is here, but not by the index");
  write_index({{"metadata", 1}});
  EXPECT_EQ(open_error(), "model.safetensors.index.json: no weight_map");
  write_file_atomic(in_folder("model.safetensors.index.json"),
                    R"({"weight_map":{"a":"x.safetensors","a":"y.safetensors"}})");
  EXPECT_EQ(open_error(), "model.safetensors.index.json: key \"a\" occurs twice");
  write_safetensors(in_folder("model.safetensors"), {a.named()});
  EXPECT_NE(open_error().find("one is stale"), std::string::npos);
}

TEST_F(SafetensorsFolderTest, TheIndexCannotLeaveTheFolder) {
  for (const char* name : {"../x.safetensors", "/etc/passwd", "sub/x.safetensors", "..", ".", "",
                           "a\\b.safetensors"}) {
    write_index({{"weight_map", {{"t", name}}}});
    EXPECT_EQ(open_error(), fmt::format("model.safetensors.index.json: tensor t: {} is not a file "
                                        "name of this folder",
                                        nlohmann::json(name).dump()));
  }
}

}  // namespace
}  // namespace cohort
