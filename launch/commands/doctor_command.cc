// cohort doctor [MODEL]: what this machine can do, and whether the numerics contract holds on it.

#include <CLI/CLI.hpp>
#include <iostream>
#include <thread>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "launch/commands/commands.h"
#include "model/compute_device.h"
#include "model/exactness_probe.h"
#include "rewards/code/sandbox.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

// Shapes of every kind the decoder has: query LoRA, expert groups, a dense and two MoE layers.
ModelSection probe_model() {
  ModelSection section;
  section.tokenizer = {
      .kind = "bytes", .path = "", .alphabet = "", .special = {"<pad>", "<|eos|>"}};
  section.shape.q_lora_rank = 48;
  section.shape.n_group = 4;
  section.shape.topk_group = 2;
  section.shape.max_position_embeddings = 256;
  return section;
}

void line(const std::string& what, const std::string& value) {
  std::cout << fmt::format("{:<22} {}\n", what, value);
}

std::string probe(const std::string& dtype, const std::string& model_path) {
  LoadedModel model = model_path.empty() ? make_model(probe_model(), dtype, 1)
                                         : load_model(model_path, dtype, "", Masters::none);
  const auto failure = probe_exactness(*model.decoder);
  return failure ? "FAILS, " + *failure
                 : "holds: a row has the same bits alone, batched, cached, chunked";
}

int doctor(const std::string& model_path, Communicator& comm) {
  line("cohort", COHORT_VERSION);
  line("processors",
       fmt::format("{} ({} threads in use)", std::thread::hardware_concurrency(), num_threads()));
  line("ranks", fmt::format("{} ({})", comm.size(), comm.kind()));
  choose_device("auto");
  line("device", describe_device());
  if (!compute_device().is_cpu()) line("device's peaks", describe_peaks());
  const judge::Availability sandbox = judge::sandbox_availability();
  line("sandbox for code", sandbox.works ? sandbox.detail : "none, " + sandbox.detail);
  bool holds = true;
  for (const char* dtype : {"fp32", "bf16"}) {
    line(fmt::format("matrix kernel {}", dtype), kernel_name(compute_dtype(dtype)));
    const std::string verdict = probe(dtype, model_path);
    holds = holds && verdict.starts_with("holds");
    line(fmt::format("exactness {}", dtype), verdict);
  }
  if (!holds)
    throw_error<CheckError>(
        "the numerics contract does not hold here: run.exact: true would stop; with "
        "run.exact: false training and rollout may disagree");
  return 0;
}

}  // namespace

void add_doctor_command(CLI::App& app, CommandContext& context) {
  auto model = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("doctor", "What this machine can do");
  command->add_option("model", *model, "Probe the shapes of this model");
  command->callback([&context, model] {
    context.action = [model](Communicator& comm) { return doctor(*model, comm); };
  });
}

}  // namespace cohort
