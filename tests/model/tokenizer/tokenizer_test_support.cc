#include "tests/model/tokenizer/tokenizer_test_support.h"

#include <filesystem>

#include "core/base/files.h"
#include "core/io/jsonl.h"

namespace cohort {
namespace {

using nlohmann::json;

// splitmix64
class Draw {
 public:
  explicit Draw(uint64_t seed) : state_(seed) {}
  uint64_t below(uint64_t n) {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) % n;
  }

 private:
  uint64_t state_;
};

void append_utf8(std::string& out, uint32_t code) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80)
    out += static_cast<char>(code);
  else if (code < 0x800)
    out += {static_cast<char>(0xC0 | code >> 6), tail(0)};
  else if (code < 0x10000)
    out += {static_cast<char>(0xE0 | code >> 12), tail(6), tail(0)};
  else
    out += {static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "cohort_tokenizer_XXXXXX").string();
  path_ = mkdtemp(name.data());
}
TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

std::shared_ptr<const Tokenizer> load_text(const std::string& tokenizer_json) {
  TemporaryFolder folder;
  write_file_atomic(folder.path() + "/tokenizer.json", tokenizer_json);
  return Tokenizer::load(folder.path());
}

std::string small_tokenizer(const std::function<void(json&)>& change) {
  json t = {{"added_tokens", json::array()},
            {"normalizer", nullptr},
            {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
            {"decoder", {{"type", "ByteLevel"}}},
            {"model",
             {{"type", "BPE"},
              {"vocab", {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"abc", 4}, {"bc", 5}}},
              {"merges", {"b c", "a b"}}}}};
  change(t);
  return t.dump();
}

json added_token(int32_t id, const std::string& content, const std::set<std::string>& set) {
  json token = {{"id", id}, {"content", content}};
  for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized", "special"})
    token[flag] = set.contains(flag);
  return token;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "(no InputError)";
}

std::vector<std::string> synthetic_lines(size_t count) {
  const json parts = json::parse(read_file(kTokenizerGoldens + "families/fragments.json"));
  const auto fragments = parts["fragments"].get<std::vector<std::string>>();
  const auto spaces = parts["spaces"].get<std::vector<std::string>>();
  std::vector<std::string> lines;
  for (size_t line = 0; line < count; ++line) {
    Draw draw(line);
    std::string text;
    for (uint64_t left = 1 + draw.below(30); left > 0; --left) {
      const uint64_t kind = draw.below(16);
      if (kind < 7) {
        text += fragments[draw.below(fragments.size())];
      } else if (kind < 12) {
        text += spaces[draw.below(spaces.size())];
      } else if (kind == 12) {
        const auto code = static_cast<uint32_t>(draw.below(0x110000));
        append_utf8(text, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
      } else if (kind == 13) {
        append_utf8(text, static_cast<uint32_t>(draw.below(0x3100)));
      } else {
        for (uint64_t n = 1 + draw.below(8); n > 0; --n)
          text += static_cast<char>(32 + draw.below(95));
      }
    }
    lines.push_back(std::move(text));
  }
  return lines;
}

std::vector<std::string> real_lines() {
  std::vector<std::string> lines;
  const std::pair<const char*, std::pair<const char*, const char*>> files[] = {
      {"gsm8k_test.jsonl.gz", {"question", "answer"}},
      {"HumanEval.jsonl.gz", {"prompt", "canonical_solution"}},
      {"math500.jsonl.gz", {"problem", "solution"}}};
  for (const auto& [name, keys] : files) {
    if (!path_exists(kSharedData + name)) return {};
    read_jsonl(kSharedData + name,
               [&, first = keys.first, second = keys.second](const json& row, int64_t) {
                 lines.push_back(row[first].get<std::string>());
                 lines.push_back(row[second].get<std::string>());
               });
  }
  return lines;
}

}  // namespace cohort
