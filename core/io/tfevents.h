// TensorBoard event files: TFRecord frames (length, masked CRC-32C) of Event protocol buffers,
// encoded by hand for the two messages that scalars need.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cohort {

class TfEventsWriter {
 public:
  // Appends to FOLDER/events.out.tfevents.cohort, made with its version record when absent.
  explicit TfEventsWriter(const std::string& folder);
  ~TfEventsWriter();
  TfEventsWriter(const TfEventsWriter&) = delete;
  TfEventsWriter& operator=(const TfEventsWriter&) = delete;
  void scalar(const std::string& tag, int64_t step, double value, double wall_time_s);
  void flush();  // makes what was written durable

  // Keeps the scalars for which keep(tag, step) is true, and drops a torn last record; used on
  // resume.
  static void truncate_after(const std::string& folder,
                             const std::function<bool(const std::string& tag, int64_t step)>& keep);

 private:
  int fd_ = -1;
  std::string path_;
  std::string buffer_;
};

}  // namespace cohort
