// The library's own parser keeps the last of two equal keys, and with a callback takes time in
// proportion to the square of an object's members. So values are put together here.
#include "core/io/strict_json.h"

#include <vector>

#include "core/base/error.h"
#include "core/io/shown.h"

namespace cohort {

using nlohmann::json;

namespace {

using Member = std::function<void(const std::string& key, const json& value)>;

struct Limits {
  size_t depth;
  size_t elements;  // of an array
};
constexpr Limits kWhole = {16, SIZE_MAX};
constexpr Limits kMembers = {3, 65536};

class Builder : public nlohmann::json_sax<json> {
 public:
  // With `member` the root must be an object, whose members it gets.
  Builder(const std::string& where, Limits limits, const Member* member)
      : where_(where), limits_(limits), member_(member) {}

  json take() { return std::move(root_); }

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(int64_t value) override { return scalar(value); }
  bool number_unsigned(uint64_t value) override { return scalar(value); }
  bool number_float(double value, const std::string&) override { return scalar(value); }
  bool string(std::string& value) override { return scalar(std::move(value)); }
  bool binary(json::binary_t&) override { return false; }  // JSON text has none
  bool start_object(size_t) override { return start(json::object()); }
  bool start_array(size_t) override { return start(json::array()); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }

  bool key(std::string& name) override {
    const auto [at, is_new] = open_.back()->get_ref<json::object_t&>().emplace(name, nullptr);
    if (!is_new)
      throw_error<InputError>("{}: key {} occurs twice", where_, shown(json(name).dump()));
    slot_ = &at->second;
    if (open_.size() == 1) name_ = name;
    return true;
  }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    constexpr int kOutOfRange = 406;
    const std::string_view text = error.what();
    throw_error<InputError>("{}: {} at byte {}", where_,
                            error.id == kOutOfRange ? "a number beyond double"
                            : text.find("ill-formed UTF-8") != std::string_view::npos
                                ? "invalid UTF-8"
                                : "not JSON",
                            position);
  }

 private:
  // Where the next value belongs.
  json& place(json&& value) {
    if (open_.empty()) {
      if (member_ && !value.is_object()) throw_error<InputError>("{}: not an object", where_);
      return root_ = std::move(value);
    }
    json& parent = *open_.back();
    if (parent.is_object()) return *slot_ = std::move(value);
    if (parent.size() == limits_.elements)
      throw_error<InputError>("{}: an array of more than {} elements", where_, limits_.elements);
    parent.push_back(std::move(value));
    return parent.back();
  }

  bool scalar(json&& value) {
    json& placed = place(std::move(value));
    if (open_.size() == 1) member_is_read(placed);
    return true;
  }

  bool start(json&& value) {
    if (open_.size() == limits_.depth) throw_error<InputError>("{}: JSON nested too deep", where_);
    open_.push_back(&place(std::move(value)));
    return true;
  }

  bool end() {
    json& value = *open_.back();
    open_.pop_back();
    if (open_.size() == 1) member_is_read(value);
    return true;
  }

  // What stays of it is its key, so that it cannot occur twice.
  void member_is_read(json& value) {
    if (!member_) return;
    (*member_)(name_, value);
    value = nullptr;
  }

  const std::string& where_;
  const Limits limits_;
  const Member* member_;
  json root_;
  std::vector<json*> open_;  // only the last may grow, so that the others stay where they are
  json* slot_ = nullptr;     // of the last key
  std::string name_;         // of the root's last key
};

json parse(const std::string& where, std::string_view text, Limits limits, const Member* member) {
  // A NUL would be the parser's end of text.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos)
    throw_error<InputError>("{}: not JSON at byte {}", where, nul + 1);
  Builder builder(where, limits, member);
  json::sax_parse(text, &builder);
  return builder.take();
}

}  // namespace

json parse_strict_json(const std::string& where, std::string_view text) {
  return parse(where, text, kWhole, nullptr);
}

void parse_strict_members(const std::string& where, std::string_view text, const Member& member) {
  parse(where, text, kMembers, &member);
}

}  // namespace cohort
