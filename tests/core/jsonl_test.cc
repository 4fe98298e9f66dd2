#include "core/io/jsonl.h"

#include <zlib.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "tests/support/error_text.h"
#include "tests/support/temp_folder.h"

namespace cohort {
namespace {

using nlohmann::json;

std::string gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

class Jsonl : public TempFolderTest {
 protected:
  std::string path() const { return in_folder("a.jsonl"); }
  void put(const std::string& content) { std::ofstream(path(), std::ios::binary) << content; }
  // "line:row line:row ..."
  std::string rows() const {
    std::string text;
    read_jsonl(path(), [&](const json& row, int64_t line) {
      text += fmt::format("{}:{} ", line, row.dump());
    });
    return text;
  }
  std::string input_error() const {
    return error_text<InputError>([&] { rows(); });
  }
};

TEST_F(Jsonl, RowsComeWithTheirLineNumbers) {
  put("{\"a\":1}\r\n\n  \t\r\n{\"b\":\"\xc3\xbc\\u00fc\"}\n{\"c\":[]}");
  EXPECT_EQ(rows(), "1:{\"a\":1} 4:{\"b\":\"\xc3\xbc\xc3\xbc\"} 5:{\"c\":[]} ");
  put("");
  EXPECT_EQ(rows(), "");
}

TEST_F(Jsonl, GzipIsKnownByContent) {
  std::string text;
  for (int i = 0; i < 50000; ++i) text += fmt::format("{{\"i\":{},\"t\":\"some text\"}}\n", i);
  put(gzipped(text.substr(0, text.size() / 2)) +
      gzipped(text.substr(text.size() / 2)));  // two members
  int64_t count = 0;
  read_jsonl(path(), [&](const json& row, int64_t line) {
    ASSERT_EQ(row["i"], count);
    ASSERT_EQ(line, ++count);
  });
  EXPECT_EQ(count, 50000);
}

TEST_F(Jsonl, BrokenGzipIsAnError) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += fmt::format("{{\"i\":{}}}\n", i);
  const std::string whole = gzipped(text);
  put(whole.substr(0, whole.size() - 4));
  EXPECT_NE(input_error().find("broken gzip stream after line 1000: unexpected end of file"),
            std::string::npos)
      << input_error();
  std::string flipped = whole;
  flipped[whole.size() - 6] ^= 1;  // in the checksum
  put(flipped);
  EXPECT_NE(input_error().find("broken gzip stream"), std::string::npos) << input_error();
  EXPECT_NE(input_error().find("incorrect data check"), std::string::npos) << input_error();
}

TEST_F(Jsonl, ErrorsNameFileAndLine) {
  put("{\"a\":1}\n{\"a\":}\n");
  EXPECT_EQ(input_error().rfind(path() + ":2: not JSON: column 6: ", 0), 0u) << input_error();
  put("{\"a\":1}\n\n[1]\n");
  EXPECT_EQ(input_error(), path() + ":3: expected a JSON object, found array");
  put("{\"a\":\"x\xff\"}\n");
  EXPECT_EQ(input_error(), path() + ":1: invalid UTF-8 at byte 8");
  put("{\"a\":\"\xed\xa0\x80\"}\n");  // a surrogate
  EXPECT_EQ(input_error().rfind(path() + ":1: invalid UTF-8", 0), 0u) << input_error();
  put("{\"a\":1} {\"a\":2}\n");
  EXPECT_EQ(input_error().rfind(path() + ":1: not JSON", 0), 0u) << input_error();
  put(std::string("{\"a\":1}\0{}\n", 11));
  EXPECT_EQ(input_error(), path() + ":1: not JSON: a NUL character in column 8");
  put(std::string(100000, '['));
  EXPECT_EQ(input_error(), path() + ":1: nested deeper than 256 levels");
  put(std::string(100, '['));
  EXPECT_EQ(input_error().rfind(path() + ":1: not JSON", 0), 0u) << input_error();
  EXPECT_LT(input_error().size(), path().size() + 200);
}

TEST_F(Jsonl, ARowCannotChooseHowDeepItsReaderRecurses) {
  const auto row = [](size_t levels) {
    return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}\n";
  };
  put("{\"a\":1}\n" + row(200'000));
  EXPECT_EQ(input_error(), path() + ":2: nested deeper than 256 levels");
  put(row(257));
  EXPECT_EQ(input_error(), path() + ":1: nested deeper than 256 levels");
  put(row(256));
  EXPECT_EQ(input_error(), "no error");
  put("{\"a\":\"\\\"" + std::string(1000, '[') + "\"}\n{\"a\":[" + std::string(2000, ' ') + "]}\n");
  EXPECT_EQ(input_error(), "no error");
}

TEST_F(Jsonl, AMissingFileOrAFolderIsAnError) {
  EXPECT_EQ(input_error(), path() + ": cannot open: No such file or directory");
  EXPECT_NE(error_text<InputError>([&] {
              read_jsonl(folder_, [](const json&, int64_t) {});
            }).find("Is a directory"),
            std::string::npos);
}

TEST_F(Jsonl, TheWriterAppends) {
  {
    JsonlWriter writer(path());
    writer.write({{"step", 1}});
    EXPECT_EQ(rows(), "");  // not yet
    writer.flush();
    EXPECT_EQ(rows(), "1:{\"step\":1} ");
    writer.write({{"step", 2}, {"text", "x\xff"}, {"nan", std::nan("")}});
  }
  JsonlWriter writer(path());
  writer.write({{"step", 3}});
  writer.flush();
  EXPECT_EQ(
      rows(),
      "1:{\"step\":1} 2:{\"nan\":null,\"step\":2,\"text\":\"x\xef\xbf\xbd\"} 3:{\"step\":3} ");
}

TEST_F(Jsonl, TruncateKeepsTheBytesOfKeptRowsAndDropsATornOne) {
  put("{\"step\": 1,  \"x\":1.50}\n{\"step\":2}\n{\"step\":1}\n{\"step\":1, \"x\":");
  JsonlWriter::truncate_after(path(), [](const json& row) { return row["step"] <= 1; });
  EXPECT_EQ(read_file(path()), "{\"step\": 1,  \"x\":1.50}\n{\"step\":1}\n");
  EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"a.jsonl"});
  JsonlWriter::truncate_after(path(), [](const json&) { return false; });
  EXPECT_EQ(read_file(path()), "");
  JsonlWriter::truncate_after(in_folder("absent"), [](const json&) { return true; });
  EXPECT_FALSE(path_exists(in_folder("absent")));
}

TEST_F(Jsonl, TruncateRefusesAFileThatIsNotJson) {
  put("{\"step\":1}\nnonsense\n{\"step\":2}\n");
  EXPECT_NE(error_text<InputError>([&] {
              JsonlWriter::truncate_after(path(), [](const json&) { return true; });
            }).find(":2: not JSON"),
            std::string::npos);
}

TEST_F(Jsonl, AFullDiskIsAnIoError) {
  JsonlWriter writer("/dev/full");
  writer.write({{"a", 1}});
  EXPECT_EQ(error_text<IoError>([&] { writer.flush(); }),
            "/dev/full: cannot write: No space left on device");
}

}  // namespace
}  // namespace cohort
