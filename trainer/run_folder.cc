#include "trainer/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"

namespace cohort {
namespace {

// Held by the open file, so that it goes with the process however that ends.
int take_lock(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) throw_error<IoError>("{}: cannot open: {}", path, std::strerror(errno));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
    const std::string owner = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd, 0) != 0 || ::write(fd, owner.data(), owner.size()) < 0)
      log_warning("{}: cannot note the process in it: {}", path, std::strerror(errno));
    return fd;
  }
  const int error = errno;
  ::close(fd);
  if (error != EWOULDBLOCK) throw_error<IoError>("{}: cannot lock: {}", path, std::strerror(error));
  std::string owner = read_file(path);
  while (!owner.empty() && owner.back() == '\n') owner.pop_back();
  throw_error<ConfigError>("{}: process {} runs in this folder; choose another run.name", path,
                           owner);
}

}  // namespace

std::optional<StageDone> read_done(const std::string& stage_folder) {
  const std::string path = stage_folder + "/done.json";
  if (!path_exists(path)) return std::nullopt;
  try {
    const nlohmann::json json = nlohmann::json::parse(read_file(path));
    return StageDone{.checkpoint = json.at("checkpoint"),
                     .values = json.at("config").get<ConfigValues>()};
  } catch (const nlohmann::json::exception& e) {
    throw_error<InputError>("{}: not what a finished stage writes: {}", path, e.what());
  }
}

void write_done(const std::string& stage_folder, const StageDone& done) {
  const nlohmann::json json = {{"checkpoint", done.checkpoint}, {"config", done.values}};
  write_file_atomic(stage_folder + "/done.json", json.dump(1) + "\n");
}

std::optional<WorkMark> read_mark(const std::string& file) {
  if (!path_exists(file)) return std::nullopt;
  try {
    const nlohmann::json json = nlohmann::json::parse(read_file(file));
    return WorkMark{.model = json.at("model"), .values = json.at("config").get<ConfigValues>()};
  } catch (const nlohmann::json::exception& e) {
    throw_error<InputError>("{}: not what a stage writes: {}", file, e.what());
  }
}

void write_mark(const std::string& file, const WorkMark& mark) {
  const nlohmann::json json = {{"model", mark.model}, {"config", mark.values}};
  write_file_atomic(file, json.dump(1) + "\n");
}

std::string start_mark(const std::string& stage_folder) { return stage_folder + "/started.json"; }

RunFolder::RunFolder(const RunConfig& config, Communicator& comm)
    : path_(config.run.folder()), leader_(comm.rank() == 0) {
  if (leader_) {
    make_folders(path_);
    if (path_exists(path_ + "/config.yaml") && config.run.resume_mode == "disable")
      throw_error<ConfigError>("{}: has results, and run.resume_mode is disable", path_);
    lock_ = take_lock(path_ + "/lock");
    log_to_file(path_ + "/log.txt");
  }
  comm.barrier("run folder");
}

RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
}

void RunFolder::write_config(const RunConfig& config) const {
  if (leader_) write_file_atomic(path_ + "/config.yaml", print_run_config(config, true));
}

}  // namespace cohort
