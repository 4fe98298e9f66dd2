#include "rewards/plugin/protocol.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"
#include "core/base/json_depth.h"

namespace cohort {

namespace {

using Json = nlohmann::json;

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Verdict> verdict_of(const Json& json) {
  if (!json.is_string()) return std::nullopt;
  for (int i = 0; i <= static_cast<int>(Verdict::not_applicable); ++i)
    if (json.get_ref<const std::string&>() == verdict_name(static_cast<Verdict>(i)))
      return static_cast<Verdict>(i);
  return std::nullopt;
}

// At most 1,000 characters.
std::string cut(std::string_view text) {
  constexpr int kLongest = 1000;
  size_t end = 0;
  for (int characters = 0; end < text.size(); ++end) {
    const bool continues = (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80;
    if (!continues && ++characters > kLongest) break;
  }
  return std::string(text.substr(0, end));
}

void set_reason(RewardResult& result, const std::string& text) {
  if (text.empty()) return;
  for (int i = 0; i < static_cast<int>(Reason::kCount); ++i)
    if (text == reason_name(static_cast<Reason>(i))) {
      result.reason = static_cast<Reason>(i);
      return;
    }
  result.extracted = cut(text);
}

std::string fault_of_list(const Json& reply, const char* key, size_t count) {
  if (!reply.contains(key)) return {};
  const Json& list = reply[key];
  if (!list.is_array()) return fmt::format("{} is no list", key);
  if (list.size() != count) return fmt::format("{} {} for {} completions", list.size(), key, count);
  return {};
}

// Fills `results`, as far as there is no fault.
std::string read_results(const Json& reply, std::span<RewardResult> results) {
  if (!reply.contains("values")) return "neither values nor error";
  for (const char* key : {"values", "verdicts", "reasons"})
    if (std::string fault = fault_of_list(reply, key, results.size()); !fault.empty()) return fault;
  for (size_t i = 0; i < results.size(); ++i) {
    const Json& value = reply["values"][i];
    if (!value.is_number() || !std::isfinite(value.get<double>()))
      return fmt::format("values[{}] is no finite number", i);
    results[i] = {.value = value.get<double>(), .reason = Reason::plugin};
    results[i].verdict = results[i].value > 0 ? Verdict::correct : Verdict::incorrect;
    if (reply.contains("verdicts")) {
      const auto verdict = verdict_of(reply["verdicts"][i]);
      if (!verdict) return fmt::format("verdicts[{}] is no verdict", i);
      results[i].verdict = *verdict;
    }
    if (!reply.contains("reasons")) continue;
    if (!reply["reasons"][i].is_string()) return fmt::format("reasons[{}] is no text", i);
    set_reason(results[i], reply["reasons"][i].get_ref<const std::string&>());
  }
  return {};
}

}  // namespace

std::string encode_request(int64_t id, const RewardGroup& group) {
  Json json = {{"id", id},
               {"prompt", ""},
               {"answer", ""},
               {"completions", Json::array()},
               {"tokens", Json::array()},
               {"truncated", Json::array()}};
  for (const RewardInput& input : group.completions) {
    json["prompt"] = input.prompt;
    json["answer"] = input.answer;
    json["completions"].push_back(input.completion);
    json["tokens"].push_back(input.tokens);
    json["truncated"].push_back(input.truncated);
  }
  for (const RewardResult& accuracy : group.accuracy)
    json["accuracy"].push_back(verdict_name(accuracy.verdict));
  return to_line(json);
}

PluginRequest decode_request(std::string_view line) {
  PluginRequest request;
  try {
    const Json json = Json::parse(line);
    request.id = json.at("id");
    request.prompt = json.at("prompt");
    request.answer = json.at("answer");
    request.completions = json.at("completions").get<std::vector<std::string>>();
    const Json none = Json::array();
    for (const Json& name : json.contains("accuracy") ? json["accuracy"] : none)
      request.accuracy.push_back({.verdict = verdict_of(name).value_or(Verdict::undecided)});
    for (size_t i = 0; i < request.completions.size(); ++i)
      request.inputs.push_back({.prompt = request.prompt,
                                .completion = request.completions[i],
                                .answer = request.answer,
                                .truncated = json.at("truncated").at(i),
                                .tokens = json.at("tokens").at(i)});
  } catch (const Json::exception& e) {
    throw_error<InputError>("request: {}", e.what());
  }
  return request;
}

std::string encode_reply(int64_t id, const std::vector<double>& values,
                         const std::vector<Verdict>& verdicts,
                         const std::vector<std::string>& reasons) {
  Json json = {{"id", id}, {"values", values}, {"verdicts", Json::array()}, {"reasons", reasons}};
  for (const Verdict verdict : verdicts) json["verdicts"].push_back(verdict_name(verdict));
  return to_line(json);
}

std::string encode_error(int64_t id, std::string_view message) {
  return to_line({{"id", id}, {"error", message}});
}

std::string decode_reply(std::string_view line, int64_t id, std::span<RewardResult> results) {
  constexpr int kMaxLevels = 8;
  if (json_nests_deeper(line, kMaxLevels))
    return fmt::format("nested deeper than {} levels", kMaxLevels);
  // A number too large for a double is an error of the parser's, not an infinity.
  const Json reply = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (reply.is_discarded()) return "not JSON, or not UTF-8";
  if (!reply.is_object()) return "no JSON object";
  if (!reply.contains("id")) return "no id";
  if (reply["id"] != id)
    return reply["id"].is_number_integer()
               ? fmt::format("id {} for request {}", reply["id"].get<int64_t>(), id)
               : fmt::format("an id that is no integer, for request {}", id);
  if (reply.contains("error")) {
    if (!reply["error"].is_string()) return "error is no text";
    for (RewardResult& result : results) {
      result = {.verdict = Verdict::undecided, .reason = Reason::plugin_failed};
      result.extracted = cut(reply["error"].get_ref<const std::string&>());
    }
    return {};
  }
  std::vector<RewardResult> read(results.size());
  if (std::string fault = read_results(reply, read); !fault.empty()) return fault;
  std::ranges::move(read, results.begin());
  return {};
}

}  // namespace cohort
