#include "trainer/digest.h"

#include <map>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/comm/communicator.h"
#include "core/io/hdf5_file.h"
#include "rollout/recorder.h"
#include "trainer/checkpoint.h"
#include "trainer/checkpoint_manifest.h"
#include "trainer/model_source.h"
#include "trainer/stages/stage_context.h"

namespace cohort {
namespace {

using Lines = std::vector<DigestLine>;

void add(Lines& lines, std::string name, const void* data, size_t size) {
  lines.push_back({std::move(name), hash128_hex(data, size)});
}

void add_tensor(Lines& lines, std::string name, const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  add(lines, std::move(name), flat.const_data_ptr(), flat.nbytes());
}

void add_by_name(Lines& lines, const std::string& prefix, const ParameterStore& layout,
                 const at::Tensor& flat) {
  for (const TensorEntry& entry : layout.tensors())
    add_tensor(lines, prefix + entry.name, flat.slice(0, entry.offset, entry.offset + entry.numel));
}

void add_buffers(Lines& lines, const std::string& prefix, const ParameterStore& store) {
  for (const auto& [name, buffer] : store.buffers()) add_tensor(lines, prefix + name, buffer);
}

Lines digest_hf(const std::string& path) {
  const LoadedModel model = load_model(path, "fp32");
  Lines lines;
  add_by_name(lines, "", *model.store, model.masters);
  add_buffers(lines, "", *model.store);
  return lines;
}

Lines digest_checkpoint(const std::string& path, const std::string& prefix) {
  const CheckpointManifest manifest = CheckpointManifest::read(path);
  const CheckpointContent content = load_checkpoint_content(path);
  Lines lines;
  add_by_name(lines, prefix + "master/", *content.store, content.master);
  add_by_name(lines, prefix + "m/", *content.store, content.m);
  add_by_name(lines, prefix + "v/", *content.store, content.v);
  add_buffers(lines, prefix + "buffer/", *content.store);
  if (content.reference) {
    add_by_name(lines, prefix + "reference/", *content.reference, content.reference->flat());
    add_buffers(lines, prefix + "reference/", *content.reference);
  }
  add(lines, prefix + "step", &manifest.step, sizeof(manifest.step));
  add(lines, prefix + "tick", &manifest.tick, sizeof(manifest.tick));
  return lines;
}

template <class T>
void append_bytes(std::string& bytes, const std::vector<T>& values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

void add_rollout(Lines& lines, const std::string& path, const std::string& prefix) {
  std::string tokens, logprob, sampled, reward, advantage;
  for (const Group& group : read_groups(path).groups) {
    append_bytes(tokens, group.prompt.tokens);
    for (const Completion& completion : group.completions) {
      append_bytes(tokens, completion.tokens);
      append_bytes(logprob, completion.logprob);
      append_bytes(sampled, completion.logprob_sampled);
    }
    for (const Score& score : group.scores) append_bytes(reward, std::vector<double>{score.total});
    append_bytes(advantage, group.advantages);
  }
  add(lines, prefix + "tokens", tokens.data(), tokens.size());
  add(lines, prefix + "logprob", logprob.data(), logprob.size());
  add(lines, prefix + "logprob_sampled", sampled.data(), sampled.size());
  add(lines, prefix + "reward", reward.data(), reward.size());
  add(lines, prefix + "advantage", advantage.data(), advantage.size());
}

void append(Lines& lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
}

Lines digest_stage(const std::string& folder, const std::string& name) {
  Lines lines;
  const auto alone = make_null_communicator();
  const std::string checkpoint = find_checkpoint(folder + "/checkpoints", *alone);
  if (!checkpoint.empty()) append(lines, digest_checkpoint(checkpoint, name + "/"));
  for (const std::string& file : list_folder(folder + "/rollouts"))
    if (file.ends_with(".h5"))
      add_rollout(lines, folder + "/rollouts/" + file, name + "/rollouts/" + file + "/");
  if (path_exists(kept_samples_path(folder))) {
    const std::string kept = read_file(kept_samples_path(folder));
    add(lines, name + "/data.jsonl", kept.data(), kept.size());
  }
  return lines;
}

}  // namespace

std::vector<DigestLine> digest(const std::string& path) {
  if (!path_exists(path)) throw_error<InputError>("{}: there is no such model or run", path);
  if (path_exists(path + "/manifest.json")) return digest_checkpoint(path, "");
  if (path_exists(path + "/config.json")) return digest_hf(path);
  Lines lines;
  if (path_exists(path + "/config.yaml")) {
    for (const std::string& name : list_folder(path))
      append(lines, digest_stage(path + "/" + name, name));
  } else {
    lines = digest_stage(path, "stage");
  }
  if (lines.empty())
    throw_error<InputError>("{}: no model, and no checkpoint nor rollout of a run", path);
  return lines;
}

std::string digest_total(const std::vector<DigestLine>& lines) {
  std::string text;
  for (const DigestLine& line : lines) text += line.name + " " + line.hash + "\n";
  return hash128_hex(text.data(), text.size());
}

}  // namespace cohort
