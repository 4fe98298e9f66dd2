#include "launch/commands/sampling_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "launch/commands/commands.h"

namespace cohort {

std::string at_least_one(const std::string& text) {
  int64_t value = 0;
  if (CLI::detail::lexical_cast(text, value) && value >= 1) return "";
  return "expected a whole number >= 1, found " + text;
}

std::string not_negative(const std::string& text) {
  double value = 0;
  if (CLI::detail::lexical_cast(text, value) && value >= 0) return "";
  return "expected a number >= 0, found " + text;
}

void add_sampling_options(CLI::App& command, SamplingOptions& options, int64_t most) {
  command.add_option("--temperature", options.sampling.temperature, "0: greedy")
      ->check(not_negative);
  command.add_option("--top-p", options.sampling.top_p, "Smallest set with this probability")
      ->check(CLI::Range(1e-9, 1.0));
  command.add_option("--top-k", options.sampling.top_k, "Only the k most probable; 0: all")
      ->check(not_negative);
  command.add_option("--min-p", options.sampling.min_p, "Share of the largest probability")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_option(
          "--max-new", options.sampling.response_length,
          fmt::format("Tokens at most; what the model has room for, up to {}, when absent", most))
      ->check(at_least_one);
  command.add_option("--seed", options.seed, "Seed of the draws")->check(not_negative);
  command.add_option("--dtype", options.dtype, "fp32 or bf16")
      ->check(CLI::IsMember({"fp32", "bf16"}));
  command.add_option("--device", options.device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
}

void settle_length(SamplingConfig& sampling, const std::vector<Prompt>& prompts, int64_t room,
                   int64_t most) {
  if (sampling.response_length > 0) return;
  size_t longest = 0;
  for (const Prompt& prompt : prompts) longest = std::max(longest, prompt.tokens.size());
  sampling.response_length = std::clamp<int64_t>(room - static_cast<int64_t>(longest), 1, most);
}

}  // namespace cohort
