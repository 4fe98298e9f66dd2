#include "trainer/model_source.h"

#include <filesystem>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/comm/communicator.h"
#include "model/compute_device.h"
#include "model/gguf/gguf_config.h"
#include "model/gguf/load_gguf.h"
#include "model/hf_folder.h"
#include "trainer/checkpoint.h"
#include "trainer/run_config.h"
#include "trainer/run_folder.h"

namespace cohort {
namespace {

void finish_model(LoadedModel& model) {
  const int64_t tokens = model.tokenizer->vocab_size(), rows = model.store->config().vocab_size;
  if (tokens > rows)
    throw_error<InputError>("{}: the tokenizer has {} tokens, the model only {}", model.origin,
                            tokens, rows);
  model.decoder = std::make_unique<Decoder>(*model.store);
}

LoadedModel load_hf(const std::string& folder, at::ScalarType dtype, const std::string& mla_form,
                    Masters masters) {
  LoadedModel model;
  model.origin = folder;
  ModelConfig config = read_hf_config(folder);
  if (!mla_form.empty()) config.mla_form = mla_form;
  model.store = std::make_unique<ParameterStore>(config, dtype, compute_device());
  load_hf_weights(folder, *model.store, masters == Masters::kept ? &model.masters : nullptr);
  model.tokenizer = Tokenizer::load(folder);
  finish_model(model);
  return model;
}

LoadedModel load_gguf(const std::string& path, at::ScalarType dtype, const std::string& mla_form,
                      Masters masters) {
  const auto file = GgufFile::open(path);
  LoadedModel model;
  model.origin = path;
  ModelConfig config = read_gguf_config(*file);
  if (!mla_form.empty()) config.mla_form = mla_form;
  model.store = std::make_unique<ParameterStore>(config, dtype, compute_device());
  load_gguf_weights(*file, *model.store, masters == Masters::kept ? &model.masters : nullptr);
  model.tokenizer = Tokenizer::from_gguf(file->metadata());
  finish_model(model);
  return model;
}

LoadedModel load_checkpoint_model(const std::string& path, at::ScalarType dtype,
                                  const std::string& mla_form, Masters masters) {
  verify_checkpoint(path);
  LoadedModel model;
  model.origin = path;
  ModelConfig config = load_checkpoint_config(path);
  if (!mla_form.empty()) config.mla_form = mla_form;
  model.store = std::make_unique<ParameterStore>(config, dtype, compute_device());
  model.masters = load_checkpoint_masters(path);
  if (model.masters.numel() != model.store->numel())
    throw_error<InputError>("{}: {} weights, its configuration has {}", path, model.masters.numel(),
                            model.store->numel());
  model.store->flat().copy_(model.masters);
  if (masters == Masters::none) model.masters = at::Tensor();
  load_checkpoint_buffers(path, *model.store);
  model.tokenizer = Tokenizer::load(path + "/tokenizer");
  finish_model(model);
  return model;
}

// The last stage of the run, in its pipeline's order, that has a checkpoint.
std::string run_checkpoint(const std::string& run) {
  const RunConfig config = read_run_config(run + "/config.yaml", {});
  std::string found;
  for (const StageConfig& stage : config.pipeline)
    if (const std::string path = stage_checkpoint(run + "/" + stage.name()); !path.empty())
      found = path;
  if (found.empty()) throw_error<InputError>("{}: no stage of this run has a checkpoint yet", run);
  return found;
}

// What a path given by a user stands for.
enum class PlaceKind { checkpoint, hf_folder, gguf_file };
struct Place {
  PlaceKind kind;
  std::string path;
};

Place find_model(const std::string& path) {
  if (!path_exists(path)) throw_error<InputError>("{}: there is no such model", path);
  if (std::filesystem::is_regular_file(path)) {
    if (path.ends_with(".gguf")) return {PlaceKind::gguf_file, path};
    throw_error<InputError>("{}: is a file, but no .gguf", path);
  }
  if (path_exists(path + "/manifest.json")) return {PlaceKind::checkpoint, path};
  if (path_exists(path + "/config.json")) return {PlaceKind::hf_folder, path};
  if (path_exists(path + "/model.gguf")) return {PlaceKind::gguf_file, path + "/model.gguf"};
  if (path_exists(path + "/config.yaml")) return {PlaceKind::checkpoint, run_checkpoint(path)};
  if (path_exists(path + "/checkpoints")) {
    const std::string checkpoint = stage_checkpoint(path);
    if (checkpoint.empty()) throw_error<InputError>("{}: no checkpoint in it is whole", path);
    return {PlaceKind::checkpoint, checkpoint};
  }
  throw_error<InputError>(
      "{}: neither a Hugging Face folder, nor a checkpoint, a stage or a run of ours", path);
}

ModelConfig read_config(const Place& place) {
  switch (place.kind) {
    case PlaceKind::checkpoint:
      return load_checkpoint_config(place.path);
    case PlaceKind::hf_folder:
      return read_hf_config(place.path);
    case PlaceKind::gguf_file:
      break;
  }
  return read_gguf_config(*GgufFile::open(place.path));
}

std::shared_ptr<const Tokenizer> read_tokenizer(const Place& place) {
  return Tokenizer::load(place.kind == PlaceKind::checkpoint ? place.path + "/tokenizer"
                                                             : place.path);
}

}  // namespace

at::ScalarType compute_dtype(const std::string& name) {
  if (name == "fp32") return at::kFloat;
  if (name == "bf16") return at::kBFloat16;
  throw_error<ConfigError>("dtype \"{}\" is not fp32 or bf16", name);
}

std::string stage_checkpoint(const std::string& stage_folder) {
  const std::string checkpoints = stage_folder + "/checkpoints";
  if (const auto done = read_done(stage_folder); done && !done->checkpoint.empty())
    return checkpoints + "/" + done->checkpoint;
  const auto alone = make_null_communicator();
  return find_checkpoint(checkpoints, *alone);
}

LoadedModel load_model(const std::string& path, const std::string& dtype_name,
                       const std::string& mla_form, Masters masters) {
  const at::ScalarType dtype = compute_dtype(dtype_name);
  const Place place = find_model(path);
  switch (place.kind) {
    case PlaceKind::checkpoint:
      return load_checkpoint_model(place.path, dtype, mla_form, masters);
    case PlaceKind::hf_folder:
      return load_hf(place.path, dtype, mla_form, masters);
    case PlaceKind::gguf_file:
      break;
  }
  return load_gguf(place.path, dtype, mla_form, masters);
}

std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& path) {
  const bool alone =
      path_exists(path + "/tokenizer.json") || path_exists(path + "/tokenizer.json.gz");
  return alone ? Tokenizer::load(path) : read_tokenizer(find_model(path));
}

std::shared_ptr<const Tokenizer> make_tokenizer(const TokenizerConfig& config) {
  if (config.kind == "path") return load_tokenizer(config.path);
  if (config.kind == "bytes") return Tokenizer::bytes(config.special);
  return Tokenizer::characters(config.alphabet, config.special);
}

ModelOutline outline(const ModelSection& section) {
  if (!section.path.empty()) {
    const Place place = find_model(section.path);
    return {read_config(place), read_tokenizer(place)};
  }
  ModelOutline model{section.shape, make_tokenizer(section.tokenizer)};
  if (model.shape.vocab_size == 0) model.shape.vocab_size = model.tokenizer->vocab_size();
  if (model.shape.eos_token_id < 0) model.shape.eos_token_id = model.tokenizer->eos_id();
  if (model.shape.pad_token_id < 0) model.shape.pad_token_id = model.tokenizer->pad_id();
  return model;
}

LoadedModel make_model(const ModelSection& section, const std::string& dtype, uint64_t seed) {
  if (!section.path.empty()) return load_model(section.path, dtype, section.shape.mla_form);
  LoadedModel model;
  model.origin = "random weights";
  auto [shape, tokenizer] = outline(section);
  model.tokenizer = std::move(tokenizer);
  model.store = std::make_unique<ParameterStore>(shape, compute_dtype(dtype), compute_device());
  model.store->initialise(seed, &model.masters);
  finish_model(model);
  return model;
}

std::string model_identity(const std::string& path) {
  const Place place = find_model(path);
  std::string text;
  const auto add_file = [&](const std::filesystem::path& file) {
    if (std::filesystem::is_regular_file(file))
      text += fmt::format("{} {} {}\n", file.filename().string(), std::filesystem::file_size(file),
                          std::filesystem::last_write_time(file).time_since_epoch().count());
  };
  if (place.kind == PlaceKind::checkpoint) {
    text = read_file(place.path + "/manifest.json");
  } else if (place.kind == PlaceKind::gguf_file) {
    add_file(place.path);
  } else {
    for (const std::string& name : list_folder(place.path)) add_file(place.path + "/" + name);
  }
  return hash128_hex(text.data(), text.size());
}

}  // namespace cohort
