#include "rewards/code/json_value.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace cohort::judge {

namespace {

using Kind = Value::Kind;
using nlohmann::json;

constexpr size_t kMaxDepth = 64;

class TreeBuilder : public nlohmann::json_sax<json> {
 public:
  Value root;
  std::string failure;

  bool null() override { return put({}); }
  bool boolean(bool truth) override { return put(make_boolean(truth)); }
  bool number_integer(number_integer_t number) override { return put(make_integer(number)); }
  bool number_unsigned(number_unsigned_t number) override {
    return put({.kind = Kind::integer, .text = std::to_string(number)});
  }
  bool number_float(number_float_t number, const string_t& text) override {
    // An integer beyond 64 bits comes here too; its digits are JSON's, without leading zeros.
    if (text.find_first_of(".eE") == string_t::npos)
      return put({.kind = Kind::integer, .text = text});
    return put(make_real(number));
  }
  bool string(string_t& text) override { return put(make_text(std::move(text))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Kind::dict); }
  bool key(string_t& name) override {
    open_.back()->items.push_back(make_text(std::move(name)));
    return true;
  }
  bool end_object() override {
    normalize(*open_.back());
    open_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override { return open(Kind::list); }
  bool end_array() override {
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    failure = fmt::format("not JSON at byte {}", position);
    return false;
  }

 private:
  Value& place() { return open_.empty() ? root : open_.back()->items.emplace_back(); }
  bool put(Value value) {
    place() = std::move(value);
    return true;
  }
  // The containers being open are the last items of each other, so that their places are stable.
  bool open(Kind kind) {
    if (open_.size() == kMaxDepth) {
      failure = fmt::format("more than {} levels", kMaxDepth);
      return false;
    }
    Value& value = place();
    value.kind = kind;
    open_.push_back(&value);
    return true;
  }

  std::vector<Value*> open_;
};

}  // namespace

Value parse_json(std::string_view text) {
  TreeBuilder builder;
  if (!json::sax_parse(text, &builder)) throw_error<InputError>("{}", builder.failure);
  return std::move(builder.root);
}

const Value* find_key(const Value& dict, std::string_view key) {
  if (dict.kind != Kind::dict) return nullptr;
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2)
    if (dict.items[i].text == key) return &dict.items[i + 1];
  return nullptr;
}

}  // namespace cohort::judge
