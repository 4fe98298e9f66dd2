#include <atomic>
#include <chrono>
#include <exception>
#include <thread>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "core/io/hdf5_file.h"
#include "kernels/linear/linear.h"
#include "trainer/checkpoint.h"
#include "trainer/checkpoint_manifest.h"

namespace cohort {
namespace {

std::string step_folder_name(int64_t step) { return fmt::format("step_{:06d}", step); }

std::span<const float> values(const at::Tensor& t) {
  return {t.const_data_ptr<float>(), static_cast<size_t>(t.numel())};
}

// A rank's part, copied so that training may go on.
struct Snapshot {
  int64_t step = 0;
  CheckpointManifest manifest;  // but for files
  std::vector<int64_t> bounds;
  at::Tensor master, m, v, reference;  // this rank's slices; reference undefined when there is none
  std::map<std::string, at::Tensor> buffers, reference_buffers;  // rank 0
  std::vector<std::byte> carried;                                // rank 0
  std::map<std::string, std::string> hf_files;                   // rank 0
};

// A copy in host memory.
at::Tensor copied(const at::Tensor& t) { return t.device().is_cpu() ? t.clone() : t.cpu(); }

std::map<std::string, at::Tensor> copy_buffers(const ParameterStore& store) {
  std::map<std::string, at::Tensor> copies;
  for (const auto& [name, buffer] : store.buffers()) copies[name] = buffer.clone();
  return copies;
}

Snapshot take_snapshot(int64_t step, int rank, Learner& learner, ParameterStore& store,
                       ParameterStore* reference, RunState state) {
  const Learner::State& own = learner.state();
  Snapshot s;
  s.step = step;
  ModelConfig config = store.config();
  s.manifest.step = step;
  s.manifest.tick = own.tick;
  s.manifest.numel = store.numel();
  s.manifest.dtype = store.dtype() == at::kBFloat16 ? "bf16" : "fp32";
  s.manifest.kernel = kernels::linear_kernel_name(store.flat());
  s.manifest.model = print_config([&](Fields& f) { config.describe(f); }, false);
  s.manifest.has_reference = reference != nullptr;
  s.manifest.state = std::move(state.values);
  s.bounds = learner.slice_bounds();
  s.master = copied(own.master);
  s.m = copied(own.m);
  s.v = copied(own.v);
  if (reference != nullptr) s.reference = copied(reference->flat().slice(0, own.begin, own.end));
  if (rank == 0) {
    s.buffers = copy_buffers(store);
    s.hf_files = config.hf_files;
    if (reference != nullptr) s.reference_buffers = copy_buffers(*reference);
    s.carried = std::move(state.carried);
  }
  return s;
}

void write_reference(Hdf5File& file, const at::Tensor& reference) {
  if (reference.scalar_type() == at::kFloat)
    file.write_f32("reference", values(reference));
  else
    file.write_u16("reference", {static_cast<const uint16_t*>(reference.const_data_ptr()),
                                 static_cast<size_t>(reference.numel())});
}

void write_rank_file(const std::string& path, const Snapshot& s, int rank) {
  const auto file = Hdf5File::create(path);
  file->write_f32("master", values(s.master));
  file->write_f32("m", values(s.m));
  file->write_f32("v", values(s.v));
  if (s.reference.defined()) write_reference(*file, s.reference);
  if (rank == 0) {
    for (const auto& [name, buffer] : s.buffers) file->write_f32("buffers/" + name, values(buffer));
    for (const auto& [name, buffer] : s.reference_buffers)
      file->write_f32("reference_buffers/" + name, values(buffer));
    file->write_u8("carried",
                   {reinterpret_cast<const uint8_t*>(s.carried.data()), s.carried.size()});
  }
  file->commit();
}

}  // namespace

struct CheckpointWriter::Impl {
  // The states of a write, as ranks agree on them by maximum.
  enum Status : int64_t { kDone = 0, kWriting = 1, kFailed = 2 };

  struct Write {
    Snapshot snapshot;
    std::vector<CheckpointFile> files;  // that this rank wrote
    std::exception_ptr error;
    std::atomic<int64_t> status{kWriting};
    std::thread thread;
  };

  Communicator& comm;
  std::string folder;
  int64_t keep_last;
  std::shared_ptr<const Tokenizer> tokenizer;
  int64_t last_saved;
  int64_t protected_step = -1;
  std::unique_ptr<Write> write;

  std::string path(int64_t step) const { return folder + "/" + step_folder_name(step); }
  std::string part_path(int64_t step) const { return folder + "/part_" + step_folder_name(step); }

  void clean_up() const {
    make_folders(folder);
    for (const std::string& name : list_folder(folder)) {
      if (name.starts_with("part_")) remove_tree(folder + "/" + name);
      if (const int64_t step = checkpoint_step(name); step > last_saved) {
        const std::string aside = folder + "/corrupt_" + name;
        if (path_exists(aside)) remove_tree(aside);
        commit_rename(folder + "/" + name, aside);
        log_warning("{}/{} is put aside as corrupt_{}", folder, name, name);
      }
    }
  }

  // On the write's thread: this rank's files, durable.
  void write_files(Write& w) const {
    const int rank = comm.rank();
    const std::string part = part_path(w.snapshot.step);
    make_folders(part);
    const std::string name = rank_file_name(rank);
    write_rank_file(part + "/" + name, w.snapshot, rank);
    w.files.push_back(describe_file(part, name));
    w.files.back().begin = w.snapshot.bounds[static_cast<size_t>(rank)];
    w.files.back().end = w.snapshot.bounds[static_cast<size_t>(rank) + 1];
    if (rank != 0) return;
    tokenizer->save(part + "/tokenizer");
    add_folder(w, "tokenizer");
    if (w.snapshot.hf_files.empty()) return;
    make_folders(part + "/" + kHfFilesFolder);
    for (const auto& [file, text] : w.snapshot.hf_files)
      write_file_atomic(part + "/" + kHfFilesFolder + "/" + file, text);
    add_folder(w, kHfFilesFolder);
  }

  // The files of a folder of the checkpoint are durable, and listed.
  void add_folder(Write& w, const std::string& name) const {
    const std::string part = part_path(w.snapshot.step);
    for (const std::string& file : list_folder(part + "/" + name)) {
      fsync_path(part + "/" + name + "/" + file);
      w.files.push_back(describe_file(part, name + "/" + file));
    }
    fsync_path(part + "/" + name);
  }

  void start(Snapshot snapshot) {
    write = std::make_unique<Write>();
    write->snapshot = std::move(snapshot);
    write->thread = std::thread([this, w = write.get()] {
      try {
        write_files(*w);
        w->status = kDone;
      } catch (...) {
        w->error = std::current_exception();
        w->status = kFailed;
      }
    });
  }

  // Every rank's files are durable: the manifest and the rename make them a checkpoint.
  void commit() {
    while (write->status == kWriting) {  // the others may wait already
      comm.heartbeat("checkpoint write");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    write->thread.join();
    const std::unique_ptr<Write> w = std::move(write);
    const std::string part = part_path(w->snapshot.step);
    int64_t status = w->status;
    comm.all_reduce_max({&status, 1}, "checkpoint status");
    if (status == kFailed) {
      if (w->error) std::rethrow_exception(w->error);
      throw_error<IoError>("{}: another rank could not write its part", path(w->snapshot.step));
    }
    nlohmann::json mine = nlohmann::json::array();
    for (const CheckpointFile& file : w->files) mine.push_back(file.to_json());
    const std::string text = mine.dump();
    const auto all = comm.all_gather_v(std::as_bytes(std::span(text)), "checkpoint files");
    if (comm.rank() == 0) {
      CheckpointManifest& manifest = w->snapshot.manifest;
      for (const auto& bytes : all) {
        const char* begin = reinterpret_cast<const char*>(bytes.data());
        for (const auto& file : nlohmann::json::parse(begin, begin + bytes.size()))
          manifest.files.push_back(CheckpointFile::from_json(file));
      }
      write_file_atomic(part + "/manifest.json", manifest.to_text());
      commit_rename(part, path(w->snapshot.step));
      prune();
    }
    comm.barrier("checkpoint commit");
  }

  void prune() const {
    std::vector<int64_t> steps;
    for (const std::string& name : list_folder(folder))
      if (const int64_t step = checkpoint_step(name); step >= 0) steps.push_back(step);
    std::sort(steps.begin(), steps.end());
    const auto num_old = static_cast<int64_t>(steps.size()) - keep_last;
    for (int64_t i = 0; i < num_old; ++i) {
      const int64_t step = steps[static_cast<size_t>(i)];
      if (step == protected_step) continue;
      // Renamed first: a folder named step_N is always whole.
      commit_rename(path(step), part_path(step));
      remove_tree(part_path(step));
    }
  }
};

CheckpointWriter::CheckpointWriter(Communicator& comm, std::string folder, int64_t keep_last,
                                   std::shared_ptr<const Tokenizer> tokenizer, int64_t resumed_step)
    : impl_(new Impl{.comm = comm,
                     .folder = std::move(folder),
                     .keep_last = keep_last,
                     .tokenizer = std::move(tokenizer),
                     .last_saved = resumed_step,
                     .write = nullptr}) {
  if (comm.rank() == 0) impl_->clean_up();
  comm.barrier("checkpoint folder");
}

CheckpointWriter::~CheckpointWriter() {
  if (impl_->write) impl_->write->thread.join();
}

void CheckpointWriter::save(int64_t step, Learner& learner, ParameterStore& store,
                            ParameterStore* reference, RunState state) {
  if (step == impl_->last_saved) return;
  finish();
  impl_->start(
      take_snapshot(step, impl_->comm.rank(), learner, store, reference, std::move(state)));
  impl_->last_saved = step;
}

void CheckpointWriter::protect(int64_t step) { impl_->protected_step = step; }

void CheckpointWriter::poll() {
  if (!impl_->write) return;
  // A failure counts as finished, so that commit() can speak of it; a rank that still writes holds
  // the others off.
  int64_t writing = impl_->write->status == Impl::kWriting;
  impl_->comm.all_reduce_max({&writing, 1}, "checkpoint progress");
  if (writing == 0) impl_->commit();
}

void CheckpointWriter::finish() {
  if (impl_->write) impl_->commit();
}

}  // namespace cohort
