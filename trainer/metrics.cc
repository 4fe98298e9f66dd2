#include "trainer/metrics.h"

#include <sys/resource.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/files.h"

namespace cohort {
namespace {

using Keep = std::function<bool(const std::string& stage, int64_t step)>;

void cut_files(const std::string& folder, const Keep& keep) {
  const std::string rows = folder + "/metrics.jsonl";
  if (path_exists(rows))
    JsonlWriter::truncate_after(rows, [&](const nlohmann::json& row) {
      return keep(row.at("stage").get<std::string>(), row.at("step").get<int64_t>());
    });
  const std::string events = folder + "/tb";
  if (path_exists(events))
    TfEventsWriter::truncate_after(events, [&](const std::string& tag, int64_t step) {
      return keep(tag.substr(0, tag.find('/')), step);
    });
}

}  // namespace

MetricsLog::MetricsLog(const std::string& run_folder, const Communicator& comm, const Keep& keep)
    : folder_(run_folder), leader_(comm.rank() == 0) {
  if (!leader_) return;
  make_folders(folder_ + "/tb");
  cut_files(folder_, keep);
  open();
}

void MetricsLog::open() {
  rows_ = std::make_unique<JsonlWriter>(folder_ + "/metrics.jsonl");
  events_ = std::make_unique<TfEventsWriter>(folder_ + "/tb");
}

void MetricsLog::cut_back(const std::string& stage, int64_t step) {
  if (!leader_) return;
  flush();
  rows_.reset();
  events_.reset();
  cut_files(folder_, [&](const std::string& of, int64_t at) { return of != stage || at <= step; });
  open();
}

bool MetricsLog::has(const std::string& stage, int64_t step) {
  flush();
  bool found = false;
  if (leader_)
    read_jsonl(folder_ + "/metrics.jsonl", [&](const nlohmann::json& row, int64_t) {
      found |= row.at("stage") == stage && row.at("step") == step;
    });
  return found;
}

void MetricsLog::write(const std::string& stage, int64_t step, const Metrics& metrics) {
  if (!leader_) return;
  nlohmann::json row = {{"stage", stage}, {"step", step}};
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  for (const auto& [name, value] : metrics) {
    row[name] = std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
    if (std::isfinite(value)) events_->scalar(stage + "/" + name, step, value, now);
  }
  rows_->write(row);
  if (std::chrono::steady_clock::now() - last_flush_ > std::chrono::seconds(1)) flush();
}

void MetricsLog::flush() {
  if (!leader_) return;
  rows_->flush();
  events_->flush();
  last_flush_ = std::chrono::steady_clock::now();
}

double peak_memory_mb() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace cohort
