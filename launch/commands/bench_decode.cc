// cohort bench decode: the fixed work of a rollout's decode steps, as the baseline script for
// llama.cpp does it: `sequences` prompts of `prompt-len` random tokens, then `tokens` steps of a
// token each. The prompts' own pass is not timed, unless asked for; drawing the tokens is.
#include <dlfcn.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <limits>

#include "core/base/error.h"
#include "core/base/rng.h"
#include "core/base/threads.h"
#include "kernels/speed/peaks.h"
#include "launch/allocation_counter.h"
#include "launch/commands/bench.h"
#include "launch/commands/bench_support.h"
#include "launch/commands/decode_cost.h"
#include "rollout/engine/engine.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

using Json = nlohmann::ordered_json;

struct DecodeBenchOptions {
  std::string model, dtype = "fp32", mla_form = "expanded";
  std::vector<int64_t> sequences = {1, 16, 64};
  int64_t prompt_len = 32, tokens = 64, passes = 2, threads = 2;
  bool with_prompts = false;       // the whole of sampling `tokens` tokens is timed
  bool count_allocations = false;  // the process that counts, of a run that times
  BesideOptions beside;
};

std::vector<Prompt> make_prompts(const DecodeBenchOptions& options, int64_t sequences,
                                 int64_t vocab) {
  DrawStream draws({.kind = DrawKind::data});
  std::vector<Prompt> prompts(static_cast<size_t>(sequences));
  for (size_t i = 0; i < prompts.size(); ++i) {
    prompts[i].ordinal = static_cast<int64_t>(i);
    for (int64_t t = 0; t < options.prompt_len; ++t)
      prompts[i].tokens.push_back(
          static_cast<int32_t>(draws.next_below(static_cast<uint64_t>(vocab))));
  }
  return prompts;
}

// Blocks for all at once, so that nothing is computed again: each sequence its prompt's and its
// own, and one in reserve.
EngineConfig engine_config(const DecodeBenchOptions& options, int64_t sequences) {
  EngineConfig config;
  config.max_num_seqs = std::max(config.max_num_seqs, sequences);
  config.num_blocks =
      sequences * (num_blocks_needed(config, options.prompt_len, options.tokens + 1) + 2);
  return config;
}

// Steps that computed a token of every sequence and no token of a prompt.
struct DecodeSteps {
  double total = 0;  // seconds, with the prompts' pass
  std::vector<double> seconds;
  std::vector<double> allocations;  // empty: not counted
};

using Counter = decltype(&cohort_allocation_count);

DecodeSteps run_decode(Engine& engine, std::vector<Prompt> prompts,
                       const DecodeBenchOptions& options, Counter counter) {
  SamplingConfig sampling;  // no stop ids: every completion has full length
  sampling.n = 1;
  // The first token is drawn by the prompts' pass.
  sampling.response_length = options.tokens + (options.with_prompts ? 0 : 1);
  const auto sequences = static_cast<int64_t>(prompts.size());
  DecodeSteps steps;
  steps.seconds.reserve(static_cast<size_t>(options.tokens));
  steps.allocations.reserve(static_cast<size_t>(options.tokens));
  EngineStats before = engine.stats();
  BenchClock::time_point start;
  uint64_t counted = 0;
  const auto end_step = [&] {
    const EngineStats& now = engine.stats();
    if (now.decode_tokens - before.decode_tokens == sequences &&
        now.prefill_tokens == before.prefill_tokens) {
      steps.seconds.push_back(seconds_since(start));
      if (counter != nullptr) steps.allocations.push_back(static_cast<double>(counter() - counted));
    }
    before = now;
    if (counter != nullptr) counted = counter();
    start = BenchClock::now();
  };
  engine.on_step = end_step;
  const auto begin = BenchClock::now();
  engine.generate(std::move(prompts), sampling, {.seed = 1}, [](Group&&) {});
  steps.total = seconds_since(begin);
  end_step();
  engine.on_step = nullptr;
  COHORT_CHECK(static_cast<int64_t>(steps.seconds.size()) == sampling.response_length - 1,
               "{} decode steps, expected {}", steps.seconds.size(), sampling.response_length - 1);
  return steps;
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

LoadedModel load(const DecodeBenchOptions& options) {
  set_num_threads(static_cast<int>(options.threads));
  return load_model(options.model, options.dtype, options.mla_form, Masters::none);
}

// The steady state: not the first steps, in which buffers grow to their size, and not the last, in
// which completions are handed over.
Json count_allocations(const DecodeBenchOptions& options, Counter counter) {
  constexpr int64_t kFirstSteps = 4;
  const LoadedModel model = load(options);
  Json counts = Json::array();
  for (const int64_t sequences : options.sequences) {
    Engine engine(*model.decoder, *model.tokenizer, engine_config(options, sequences));
    const DecodeSteps steps = run_decode(
        engine, make_prompts(options, sequences, model.tokenizer->vocab_size()), options, counter);
    const std::vector<double> steady(steps.allocations.begin() + kFirstSteps,
                                     steps.allocations.end() - 1);
    counts.push_back({{"per_step", median(steady)},
                      {"per_token", sum(steady) / static_cast<double>(steady.size()) /
                                        static_cast<double>(sequences)}});
  }
  return {{"allocations", counts}};
}

// By this program in a process of its own, with the counting library: what is timed stays as it is.
// Null where there is no such library (a build with a sanitizer).
Json counted_beside(const DecodeBenchOptions& options) {
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  const std::filesystem::path library = program.parent_path() / "libcohort_allocations.so";
  if (!std::filesystem::exists(library)) return nullptr;
  std::string command = fmt::format(
      "LD_PRELOAD={} {} bench decode --count-allocations --model {} --dtype {} --mla-form {} "
      "--prompt-len {} --tokens {} --threads {} --sequences {}",
      shell_quoted(library.string()), shell_quoted(program.string()), shell_quoted(options.model),
      shell_quoted(options.dtype), shell_quoted(options.mla_form), options.prompt_len,
      options.tokens, options.threads, fmt::join(options.sequences, ","));
  return last_json_line(output_of(command), command).at("allocations");
}

struct Limits {
  double peak, bandwidth;  // GFLOP/s; GB/s of reading as many bytes as the weights have
};

Json measure(const LoadedModel& model, Engine& engine, const DecodeBenchOptions& options,
             int64_t sequences, const Limits& limits, const Json& allocations) {
  const auto rows = static_cast<double>(sequences), length = static_cast<double>(options.tokens);
  double seconds = std::numeric_limits<double>::infinity();
  for (int64_t pass = 0; pass < options.passes; ++pass) {
    const DecodeSteps steps = run_decode(
        engine, make_prompts(options, sequences, model.tokenizer->vocab_size()), options, nullptr);
    seconds = std::min(seconds, options.with_prompts ? steps.total : sum(steps.seconds));
  }
  Json line = {{"system", "cohort"},
               {"model", std::filesystem::path(options.model).filename().string()},
               {"dtype", options.dtype},
               {"batch", sequences},
               {"prompt", options.prompt_len},
               {"tokens", options.tokens},
               {"threads", options.threads},
               {"seconds", rounded(seconds)},
               {"tokens_per_s", rounded(rows * length / seconds)},
               {"with_prompts", options.with_prompts}};
  if (!options.with_prompts) {
    const DecodeCost cost = decode_cost(*model.store, sequences,
                                        static_cast<double>(options.prompt_len) + (length + 1) / 2);
    const double gb_s = (cost.weight_bytes + cost.key_bytes) * length / seconds / 1e9;
    const double gflop_s = cost.flop * length / seconds / 1e9;
    line["gb_s"] = rounded(gb_s);
    line["share_of_bandwidth"] = rounded(gb_s / limits.bandwidth);
    line["gflop_s"] = rounded(gflop_s);
    line["share_of_peak"] = rounded(gflop_s / limits.peak);
    line["bandwidth_gb_s"] = rounded(limits.bandwidth);
    line["peak_gflop_s"] = rounded(limits.peak);
  }
  if (!allocations.is_null()) {
    line["allocations_per_step"] = allocations.at("per_step");
    line["allocations_per_token"] = rounded(allocations.at("per_token"));
  }
  return line;
}

std::string describe(const Json& line) {
  const auto number = [&](const char* key) { return line.at(key).get<double>(); };
  std::string text =
      fmt::format("{:>5} sequences, {}: {:>8.1f} tokens/s", line.at("batch").get<int64_t>(),
                  line.at("dtype").get<std::string>(), number("tokens_per_s"));
  if (line.contains("gb_s"))
    text += fmt::format(", {:>6.1f} GB/s ({:.0f}% of memory), {:>6.1f} GFLOP/s ({:.0f}% of peak)",
                        number("gb_s"), 100 * number("share_of_bandwidth"), number("gflop_s"),
                        100 * number("share_of_peak"));
  if (line.contains("allocations_per_token"))
    text += fmt::format(", {} allocations a token", number("allocations_per_token"));
  return text;
}

int bench(const DecodeBenchOptions& options) {
  const auto counter = reinterpret_cast<Counter>(dlsym(RTLD_DEFAULT, "cohort_allocation_count"));
  if (options.count_allocations) {
    if (counter == nullptr)
      throw_error<ConfigError>("--count-allocations wants libcohort_allocations.so in LD_PRELOAD");
    std::cout << count_allocations(options, counter).dump() << std::endl;
    return 0;
  }
  const Json allocations = counted_beside(options);
  const LoadedModel model = load(options);
  const auto threads = static_cast<int>(options.threads);
  const auto bytes = static_cast<int64_t>(decode_cost(*model.store, 1 << 20, 0).weight_bytes);
  const Limits limits{options.dtype == "fp32" ? kernels::fp32_peak(threads).gflop_s
                                              : kernels::bf16_peak(threads).gflop_s,
                      kernels::read_bandwidth(threads, bytes)};
  for (size_t i = 0; i < options.sequences.size(); ++i) {
    const int64_t sequences = options.sequences[i];
    Engine engine(*model.decoder, *model.tokenizer, engine_config(options, sequences));
    const auto ours = [&] {
      return measure(model, engine, options, sequences, limits,
                     allocations.is_null() ? Json() : allocations.at(i));
    };
    run_benchmark(options.beside, {.key = "tokens_per_s", .higher_is_better = true},
                  {{"sequences", std::to_string(sequences)},
                   {"prompt_len", std::to_string(options.prompt_len)},
                   {"tokens", std::to_string(options.tokens)},
                   {"threads", std::to_string(options.threads)},
                   {"dtype", options.dtype}},
                  ours, describe);
  }
  return 0;
}

}  // namespace

void add_bench_decode(CLI::App& bench_app, CommandContext& context) {
  auto options = std::make_shared<DecodeBenchOptions>();
  CLI::App* command = bench_app.add_subcommand("decode", "Decode steps of fixed work");
  command->add_option("--model", options->model, "A model of any form")->required();
  command->add_option("--sequences", options->sequences, "Numbers of sequences, a line each")
      ->delimiter(',')
      ->check(at_least_one);
  command->add_option("--prompt-len", options->prompt_len, "Tokens of a prompt")
      ->check(at_least_one);
  command->add_option("--tokens", options->tokens, "Decode steps, 8 at least")
      ->check(CLI::Range(8, 1 << 20));
  command->add_option("--passes", options->passes, "Passes; the fastest counts")
      ->check(at_least_one);
  command->add_option("--dtype", options->dtype, "fp32 or bf16");
  command->add_option("--mla-form", options->mla_form, "expanded or absorbed");
  command->add_option("--threads", options->threads, "Threads")->check(at_least_one);
  command->add_flag("--with-prompts", options->with_prompts,
                    "Time all of sampling, the prompts' pass too");
  command
      ->add_flag("--count-allocations", options->count_allocations,
                 "Count and do not time, in a process with libcohort_allocations.so")
      ->group("");
  add_beside_options(*command, options->beside);
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return bench(*options); };
  });
}

}  // namespace cohort
