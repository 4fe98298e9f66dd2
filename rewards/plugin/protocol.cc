#include "rewards/plugin/protocol.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"

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

void set_reason(RewardResult& result, const std::string& text) {
  constexpr size_t kLongest = 1000;
  if (text.empty()) return;
  for (int i = 0; i < static_cast<int>(Reason::kCount); ++i)
    if (text == reason_name(static_cast<Reason>(i))) {
      result.reason = static_cast<Reason>(i);
      return;
    }
  result.extracted = text.substr(0, kLongest);
}

// An array of `count` entries, or null when the key is not there; nullopt: something else.
std::optional<Json> list_of(const Json& reply, const char* key, size_t count) {
  if (!reply.contains(key)) return Json();
  const Json& list = reply[key];
  if (!list.is_array() || list.size() != count) return std::nullopt;
  return list;
}

bool read_results(const Json& reply, std::span<RewardResult> results) {
  const auto values = list_of(reply, "values", results.size());
  const auto verdicts = list_of(reply, "verdicts", results.size());
  const auto reasons = list_of(reply, "reasons", results.size());
  if (!values || values->is_null() || !verdicts || !reasons) return false;
  for (size_t i = 0; i < results.size(); ++i) {
    const Json& value = (*values)[i];
    if (!value.is_number() || !std::isfinite(value.get<double>())) return false;
    results[i] = {.value = value.get<double>(), .reason = Reason::plugin};
    results[i].verdict = results[i].value > 0 ? Verdict::correct : Verdict::incorrect;
    if (!verdicts->is_null()) {
      const auto verdict = verdict_of((*verdicts)[i]);
      if (!verdict) return false;
      results[i].verdict = *verdict;
    }
    if (reasons->is_null()) continue;
    if (!(*reasons)[i].is_string()) return false;
    set_reason(results[i], (*reasons)[i].get<std::string>());
  }
  return true;
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

bool decode_reply(std::string_view line, int64_t id, std::span<RewardResult> results) {
  const Json reply = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!reply.is_object() || !reply.contains("id") || reply["id"] != id) return false;
  if (reply.contains("error")) {
    if (!reply["error"].is_string()) return false;
    for (RewardResult& result : results) {
      result = {.verdict = Verdict::undecided, .reason = Reason::plugin_failed};
      result.extracted = reply["error"].get<std::string>();
    }
    return true;
  }
  std::vector<RewardResult> read(results.size());
  if (!read_results(reply, read)) return false;
  std::ranges::move(read, results.begin());
  return true;
}

}  // namespace cohort
