// HDF5 files with groups, attributes and one- or two-dimensional numeric datasets: what rollout
// files and checkpoints need, and h5py reads. Thread rule: one file object, one thread at a time;
// several files may be used from several threads (calls into the library are serialised).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cohort {

class Hdf5File {
 public:
  // Creates PATH.part; commit() flushes, fsyncs and renames it to PATH. Destroyed without commit:
  // removed.
  static std::unique_ptr<Hdf5File> create(const std::string& path);
  // Throws InputError when missing, truncated or not HDF5.
  static std::unique_ptr<Hdf5File> open(const std::string& path);
  virtual ~Hdf5File() = default;

  virtual void commit() = 0;

  // "a/b/c": groups are made as needed. shape empty: one-dimensional of data.size().
  virtual void write_f32(const std::string& name, std::span<const float> data,
                         std::vector<int64_t> shape = {}) = 0;
  virtual void write_f64(const std::string& name, std::span<const double> data,
                         std::vector<int64_t> shape = {}) = 0;
  virtual void write_i64(const std::string& name, std::span<const int64_t> data,
                         std::vector<int64_t> shape = {}) = 0;
  virtual void write_i32(const std::string& name, std::span<const int32_t> data,
                         std::vector<int64_t> shape = {}) = 0;
  virtual void write_u8(const std::string& name, std::span<const uint8_t> data,
                        std::vector<int64_t> shape = {}) = 0;
  virtual void write_u16(const std::string& name, std::span<const uint16_t> data,
                         std::vector<int64_t> shape = {}) = 0;  // bf16 bits
  virtual void write_strings(const std::string& name,
                             const std::vector<std::string>& data) = 0;  // UTF-8, variable length
  virtual void write_attribute(const std::string& object, const std::string& name,
                               const std::string& value) = 0;

  virtual bool has(const std::string& name) const = 0;
  virtual std::vector<std::string> list(const std::string& group) const = 0;  // names, sorted
  virtual std::vector<int64_t> shape(const std::string& name) const = 0;
  // The type must be the one written; throws InputError naming file and dataset.
  virtual std::vector<float> read_f32(const std::string& name) const = 0;
  virtual std::vector<double> read_f64(const std::string& name) const = 0;
  virtual std::vector<int64_t> read_i64(const std::string& name) const = 0;
  virtual std::vector<int32_t> read_i32(const std::string& name) const = 0;
  virtual std::vector<uint8_t> read_u8(const std::string& name) const = 0;
  virtual std::vector<uint16_t> read_u16(const std::string& name) const = 0;
  virtual std::vector<std::string> read_strings(const std::string& name) const = 0;
  virtual std::string read_attribute(const std::string& object, const std::string& name) const = 0;
  // Elements [begin, begin + out.size()) of a one-dimensional dataset.
  virtual void read_f32_range(const std::string& name, int64_t begin,
                              std::span<float> out) const = 0;
  virtual void read_u16_range(const std::string& name, int64_t begin,
                              std::span<uint16_t> out) const = 0;
};

}  // namespace cohort
