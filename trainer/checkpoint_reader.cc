#include <charconv>
#include <filesystem>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "core/io/hdf5_file.h"
#include "kernels/linear/linear.h"
#include "model/hf_folder.h"
#include "trainer/checkpoint.h"
#include "trainer/checkpoint_manifest.h"

namespace cohort {
namespace {

std::span<float> values(const at::Tensor& t) {
  return {t.mutable_data_ptr<float>(), static_cast<size_t>(t.numel())};
}

// `t` itself, or where it is in device memory a tensor like it to read into and then copy.
at::Tensor in_host_memory(const at::Tensor& t) {
  return t.device().is_cpu() ? t : at::empty(t.sizes(), t.options().device(at::kCPU));
}
void put_back(const at::Tensor& host, const at::Tensor& t) {
  if (!t.device().is_cpu()) t.copy_(host);
}

// Calls read(file, first element in the file, first element of the flat buffer, count) for the
// parts of [begin, end).
template <class Read>
void for_each_part(const std::string& path, const CheckpointManifest& manifest, int64_t begin,
                   int64_t end, const Read& read) {
  int64_t covered = begin;
  for (const CheckpointFile& file : manifest.files) {
    const int64_t from = std::max(begin, file.begin), to = std::min(end, file.end);
    if (from >= to) continue;
    const auto h5 = Hdf5File::open(path + "/" + file.name);
    read(*h5, from - file.begin, from, to - from);
    covered += to - from;
  }
  if (covered != std::max(begin, end))
    throw_error<InputError>("{}: its files do not cover the weights [{}, {})", path, begin, end);
}

void read_slice(const std::string& path, const CheckpointManifest& manifest, const char* name,
                int64_t begin, const at::Tensor& out) {
  const at::Tensor host = in_host_memory(out);
  const std::span<float> all = values(host);
  for_each_part(path, manifest, begin, begin + out.numel(),
                [&](const Hdf5File& h5, int64_t at, int64_t flat, int64_t count) {
                  h5.read_f32_range(
                      name, at,
                      all.subspan(static_cast<size_t>(flat - begin), static_cast<size_t>(count)));
                });
  put_back(host, out);
}

at::Tensor read_whole(const std::string& path, const CheckpointManifest& manifest,
                      const char* name) {
  at::Tensor whole = at::empty({manifest.numel}, at::kFloat);
  read_slice(path, manifest, name, 0, whole);
  return whole;
}

void read_buffers(const std::string& path, const std::string& group, ParameterStore& store) {
  const auto h5 = Hdf5File::open(path + "/" + kSharedFile);
  for (const auto& [name, buffer] : store.buffers()) {
    const std::vector<float> read = h5->read_f32(group + "/" + name);
    at::Tensor out = buffer;
    if (static_cast<int64_t>(read.size()) != out.numel())
      throw_error<InputError>("{}: {}/{} has {} values, the model has {}", path, group, name,
                              read.size(), out.numel());
    std::copy(read.begin(), read.end(), out.mutable_data_ptr<float>());
  }
  store.touch();
}

void read_reference(const std::string& path, const CheckpointManifest& manifest,
                    ParameterStore& reference) {
  at::Tensor flat = reference.flat();
  if (flat.scalar_type() == at::kFloat) {
    read_slice(path, manifest, "reference", 0, flat);
  } else {
    const at::Tensor host = in_host_memory(flat);
    auto* const out = static_cast<uint16_t*>(host.mutable_data_ptr());
    for_each_part(path, manifest, 0, flat.numel(),
                  [&](const Hdf5File& h5, int64_t at, int64_t begin, int64_t count) {
                    h5.read_u16_range("reference", at, {out + begin, static_cast<size_t>(count)});
                  });
    put_back(host, flat);
  }
  read_buffers(path, "reference_buffers", reference);
}

// Newest first.
std::vector<int64_t> saved_steps(const std::string& folder) {
  std::vector<int64_t> steps;
  for (const std::string& name : list_folder(folder))
    if (const int64_t step = checkpoint_step(name); step >= 0) steps.push_back(step);
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

// Files are checked by the ranks in turn.
bool is_whole(const std::string& path, Communicator& comm) {
  int64_t bad = 0;
  try {
    const CheckpointManifest manifest = CheckpointManifest::read(path);
    const auto rank = static_cast<size_t>(comm.rank()), size = static_cast<size_t>(comm.size());
    for (size_t i = rank; i < manifest.files.size(); i += size) {
      const std::string fault = file_fault(path, manifest.files[i]);
      if (fault.empty()) continue;
      log_warning("checkpoint {} is not used: {}", path, fault);
      bad = 1;
    }
  } catch (const InputError& e) {
    log_warning("checkpoint {} is not used: {}", path, e.what());
    bad = 1;
  }
  comm.all_reduce_max({&bad, 1}, "checkpoint verification");
  return bad == 0;
}

}  // namespace

int64_t checkpoint_step(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  constexpr std::string_view kPrefix = "step_";
  if (!name.starts_with(kPrefix)) return -1;
  int64_t step = -1;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  return error == std::errc() && stop == end ? step : -1;
}

std::string find_checkpoint(const std::string& folder, Communicator& comm) {
  std::vector<int64_t> steps;
  if (comm.rank() == 0) steps = saved_steps(folder);
  auto count = static_cast<int64_t>(steps.size());
  comm.broadcast(std::as_writable_bytes(std::span(&count, 1)), 0, "checkpoint list");
  steps.resize(static_cast<size_t>(count));
  comm.broadcast(std::as_writable_bytes(std::span(steps)), 0, "checkpoint list");
  for (const int64_t step : steps) {
    const std::string path = fmt::format("{}/step_{:06d}", folder, step);
    if (is_whole(path, comm)) return path;
  }
  return "";
}

nlohmann::json newest_checkpoint_values(const std::string& folder) {
  if (!path_exists(folder)) return nullptr;
  for (const int64_t step : saved_steps(folder)) {
    try {
      return CheckpointManifest::read(fmt::format("{}/step_{:06d}", folder, step)).state;
    } catch (const InputError&) {  // find_checkpoint will say so
    }
  }
  return nullptr;
}

void verify_checkpoint(const std::string& path) {
  for (const CheckpointFile& file : CheckpointManifest::read(path).files)
    if (const std::string fault = file_fault(path, file); !fault.empty())
      throw_error<InputError>("{}: {}", path, fault);
}

RunState load_checkpoint(const std::string& path, Communicator&, Learner& learner,
                         ParameterStore& store, ParameterStore* reference) {
  const CheckpointManifest manifest = CheckpointManifest::read(path);
  if (manifest.numel != store.numel())
    throw_error<InputError>("{}: {} weights, the model has {}", path, manifest.numel,
                            store.numel());
  const char* const kernel = kernels::linear_kernel_name(store.flat());
  if (manifest.kernel != kernel)
    log_warning("{} was made with the {} kernels, this machine uses {}: bits will differ from here",
                path, manifest.kernel, kernel);
  Learner::State& own = learner.state();
  read_slice(path, manifest, "master", own.begin, own.master);
  read_slice(path, manifest, "m", own.begin, own.m);
  read_slice(path, manifest, "v", own.begin, own.v);
  own.tick = manifest.tick;
  learner.publish_masters();
  read_buffers(path, "buffers", store);
  if (reference != nullptr) {
    const char* const dtype = reference->dtype() == at::kBFloat16 ? "bf16" : "fp32";
    if (!manifest.has_reference || manifest.dtype != dtype)
      throw_error<InputError>("{}: holds no reference weights in {}", path, dtype);
    read_reference(path, manifest, *reference);
  }
  return load_checkpoint_state(path);
}

RunState load_checkpoint_state(const std::string& path) {
  const auto bytes = Hdf5File::open(path + "/" + kSharedFile)->read_u8("carried");
  RunState state{.values = CheckpointManifest::read(path).state, .carried = {}};
  state.carried.resize(bytes.size());
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<uint8_t*>(state.carried.data()));
  return state;
}

ModelConfig load_checkpoint_config(const std::string& path) {
  const CheckpointManifest manifest = CheckpointManifest::read(path);
  ModelConfig config;
  read_config_text(manifest.model, path + "/manifest.json: model", {},
                   [&](Fields& f) { config.describe(f); });
  for (const CheckpointFile& file : manifest.files)
    for (const char* name : {kHfConfig, kHfGenerationConfig, kHfTensors})
      if (file.name == fmt::format("{}/{}", kHfFilesFolder, name))
        config.hf_files[name] = read_file(path + "/" + file.name);
  return config;
}

at::Tensor load_checkpoint_masters(const std::string& path) {
  return read_whole(path, CheckpointManifest::read(path), "master");
}

void load_checkpoint_buffers(const std::string& path, ParameterStore& store) {
  read_buffers(path, "buffers", store);
}

CheckpointContent load_checkpoint_content(const std::string& path) {
  const CheckpointManifest manifest = CheckpointManifest::read(path);
  const ModelConfig config = load_checkpoint_config(path);
  const at::ScalarType dtype = manifest.dtype == "bf16" ? at::kBFloat16 : at::kFloat;
  CheckpointContent content;
  content.store = std::make_unique<ParameterStore>(config, dtype);
  content.master = read_whole(path, manifest, "master");
  content.m = read_whole(path, manifest, "m");
  content.v = read_whole(path, manifest, "v");
  read_buffers(path, "buffers", *content.store);
  if (manifest.has_reference) {
    content.reference = std::make_unique<ParameterStore>(config, dtype);
    read_reference(path, manifest, *content.reference);
  }
  return content;
}

}  // namespace cohort
