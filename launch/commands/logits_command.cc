// cohort logits MODEL --ids 1,2,3 --out FILE.safetensors: tensor "logits" [T, V] fp32, to compare
// with other engines.
#include <CLI/CLI.hpp>

#include "core/base/error.h"
#include "core/io/safetensors.h"
#include "launch/commands/commands.h"
#include "model/compute_device.h"
#include "model/sequence_logits.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

struct LogitsOptions {
  std::string model, out, dtype = "fp32", device = "auto";
  std::vector<int32_t> ids;
};

int write_logits(const LogitsOptions& options) {
  choose_device(options.device);
  LoadedModel model = load_model(options.model, options.dtype, "", Masters::none);
  const int64_t vocab = model.decoder->config().vocab_size;
  for (const int32_t id : options.ids)
    if (id < 0 || id >= vocab)
      throw_error<ConfigError>("--ids: {} is not a token: expected 0 to {}", id, vocab - 1);
  const at::Tensor logits_TV = sequence_logits(*model.decoder, options.ids);
  write_safetensors(options.out,
                    {{.name = "logits",
                      .dtype = DType::f32,
                      .shape = logits_TV.sizes().vec(),
                      .data = std::as_bytes(std::span(logits_TV.const_data_ptr<float>(),
                                                      static_cast<size_t>(logits_TV.numel())))}});
  return 0;
}

}  // namespace

void add_logits_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<LogitsOptions>();
  CLI::App* command = app.add_subcommand("logits", "Logits of a sequence of ids");
  command->add_option("model", options->model, "Hugging Face folder, checkpoint, stage or run")
      ->required();
  command->add_option("--ids", options->ids, "1,2,3,...")->delimiter(',')->required();
  command->add_option("--out", options->out, "FILE.safetensors")->required();
  command->add_option("--dtype", options->dtype, "fp32 or bf16")
      ->check(CLI::IsMember({"fp32", "bf16"}));
  command->add_option("--device", options->device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return write_logits(*options); };
  });
}

}  // namespace cohort
