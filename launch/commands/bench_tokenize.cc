// cohort bench tokenize MODEL FILE ...: the speed of a tokenizer on the text of the files, on one
// thread.
#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "launch/commands/bench.h"
#include "model/tokenizer/tokenizer_speed.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

struct TokenizeBenchOptions {
  std::string model;
  std::vector<std::string> files;
  int64_t passes = 5, text_bytes = 1 << 16;
};

int bench(const TokenizeBenchOptions& options) {
  const auto tokenizer = load_tokenizer(options.model);
  std::vector<std::string> texts;
  for (const std::string& file : options.files)
    for (std::string& text :
         cut_into_texts(read_file(file), static_cast<size_t>(options.text_bytes)))
      texts.push_back(std::move(text));
  if (texts.empty()) throw_error<InputError>("the files hold no text");
  const TokenizerSpeed speed = measure_speed(*tokenizer, texts, options.passes);
  const auto tenth = [](double value) { return std::round(value * 10) / 10; };
  std::cout << nlohmann::ordered_json{{"system", "cohort"},
                                      {"bytes", speed.bytes},
                                      {"tokens", speed.tokens},
                                      {"encode_mb_per_cpu_s", tenth(speed.encode_mb_per_s)},
                                      {"decode_mb_per_cpu_s", tenth(speed.decode_mb_per_s)}}
                   .dump()
            << '\n';
  return 0;
}

}  // namespace

void add_bench_tokenize(CLI::App& bench_app, CommandContext& context) {
  auto options = std::make_shared<TokenizeBenchOptions>();
  CLI::App* command = bench_app.add_subcommand("tokenize", "Speed of a tokenizer on one core");
  command->add_option("model", options->model, "A model of any form, for its tokenizer")
      ->required();
  command->add_option("files", options->files, "UTF-8 text")->required();
  command->add_option("--passes", options->passes, "Passes over the text; the median counts")
      ->check(at_least_one);
  command
      ->add_option("--text-bytes", options->text_bytes, "Size of the texts that files are cut to")
      ->check(at_least_one);
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return bench(*options); };
  });
}

}  // namespace cohort
