#include "core/io/hdf5_file.h"

#include <hdf5.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/hdf5_library.h"

namespace cohort {
namespace {

class Hdf5FileImpl final : public Hdf5File {
 public:
  Hdf5FileImpl(const std::string& path, bool create)
      : path_(path), on_disk_(create ? path + ".part" : path), writing_(create) {
    Hdf5Lock lock;
    Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    // flock fails on some cluster file systems. Nobody else opens a .part, and a finished file
    // never changes.
    H5Pset_file_locking(access, false, true);
    if (create) {
      file_ = Hdf5Handle(H5Fcreate(on_disk_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
      if (file_ < 0) throw_error<IoError>("{}: cannot create: {}", on_disk_, hdf5_message());
    } else {
      file_ = Hdf5Handle(H5Fopen(on_disk_.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
      if (file_ < 0) throw_error<InputError>("{}: cannot open as HDF5: {}", path, hdf5_message());
    }
  }

  ~Hdf5FileImpl() override {
    Hdf5Lock lock;
    if (writing_) ::unlink(on_disk_.c_str());
    if (write_failed_) leave_open();
    file_.close();
  }

  void commit() override {
    {
      Hdf5Lock lock;
      check_writing("commit");
      if (H5Fflush(file_, H5F_SCOPE_GLOBAL) < 0) fail_write("to the end");
    }
    fsync_path(
        on_disk_);  // slow, so without the lock; some file systems report a full disk only here
    {
      Hdf5Lock lock;
      if (!file_.close()) fail_write("to the end");
    }
    fsync_path(on_disk_);  // closing writes the file's header once more
    commit_rename(on_disk_, path_);
    writing_ = false;
  }

  void write_f32(const std::string& name, std::span<const float> data,
                 std::vector<int64_t> shape) override {
    write(name, data, std::move(shape));
  }
  void write_f64(const std::string& name, std::span<const double> data,
                 std::vector<int64_t> shape) override {
    write(name, data, std::move(shape));
  }
  void write_i64(const std::string& name, std::span<const int64_t> data,
                 std::vector<int64_t> shape) override {
    write(name, data, std::move(shape));
  }
  void write_i32(const std::string& name, std::span<const int32_t> data,
                 std::vector<int64_t> shape) override {
    write(name, data, std::move(shape));
  }
  void write_u8(const std::string& name, std::span<const uint8_t> data,
                std::vector<int64_t> shape) override {
    write(name, data, std::move(shape));
  }
  void write_u16(const std::string& name, std::span<const uint16_t> data,
                 std::vector<int64_t> shape) override {
    write(name, data, std::move(shape));
  }

  void write_strings(const std::string& name, const std::vector<std::string>& data) override {
    Hdf5Lock lock;
    std::vector<const char*> pointers;
    for (const std::string& text : data) {
      check_no_nul(name, text);
      pointers.push_back(text.c_str());
    }
    const Hdf5Handle type = hdf5_string_type();
    const Hdf5Handle dataset = create_dataset(name, type, {static_cast<int64_t>(data.size())});
    if (!data.empty() &&
        H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0)
      fail_write(name);
  }

  void write_attribute(const std::string& object, const std::string& name,
                       const std::string& value) override {
    Hdf5Lock lock;
    check_writing(name);
    check_no_nul(object + "@" + name, value);
    const Hdf5Handle target = open_object(object);
    if (target < 0) fail_write(object);
    const Hdf5Handle type = hdf5_string_type();
    const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    if (H5Aexists(target, name.c_str()) > 0) H5Adelete(target, name.c_str());
    const Hdf5Handle attribute(
        H5Acreate2(target, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    const char* text = value.c_str();
    if (attribute < 0 || H5Awrite(attribute, type, &text) < 0) fail_write(object + "@" + name);
  }

  bool has(const std::string& name) const override {
    Hdf5Lock lock;
    return link_exists(name);
  }

  std::vector<std::string> list(const std::string& group) const override {
    Hdf5Lock lock;
    const Hdf5Handle target = open_object(group);
    H5G_info_t info;
    if (target < 0 || H5Gget_info(target, &info) < 0)
      throw_error<InputError>("{}: no group {}", path_, group);
    std::vector<std::string> names;
    for (hsize_t i = 0; i < info.nlinks; ++i) {
      const auto link_name = [&](char* out, size_t size) {
        return H5Lget_name_by_idx(target, ".", H5_INDEX_NAME, H5_ITER_INC, i, out, size,
                                  H5P_DEFAULT);
      };
      const ssize_t length = link_name(nullptr, 0);
      std::string name(static_cast<size_t>(std::max<ssize_t>(length, 0)) + 1, '\0');
      if (length < 0 || link_name(name.data(), name.size()) < 0) fail_read(group);
      name.pop_back();
      names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  std::vector<int64_t> shape(const std::string& name) const override {
    Hdf5Lock lock;
    return shape_of(open_dataset(name), name);
  }

  std::vector<float> read_f32(const std::string& name) const override { return read<float>(name); }
  std::vector<double> read_f64(const std::string& name) const override {
    return read<double>(name);
  }
  std::vector<int64_t> read_i64(const std::string& name) const override {
    return read<int64_t>(name);
  }
  std::vector<int32_t> read_i32(const std::string& name) const override {
    return read<int32_t>(name);
  }
  std::vector<uint8_t> read_u8(const std::string& name) const override {
    return read<uint8_t>(name);
  }
  std::vector<uint16_t> read_u16(const std::string& name) const override {
    return read<uint16_t>(name);
  }

  std::vector<std::string> read_strings(const std::string& name) const override {
    Hdf5Lock lock;
    const Hdf5Handle dataset = open_dataset(name);
    check_is_string(Hdf5Handle(H5Dget_type(dataset), H5Tclose), name);
    const size_t count = checked_count(dataset, name, sizeof(char*));
    std::vector<char*> pointers(count, nullptr);
    const Hdf5Handle type = hdf5_string_type();
    const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
    if (count > 0 && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0)
      fail_read(name);
    std::vector<std::string> texts;
    for (const char* text : pointers) texts.emplace_back(text ? text : "");
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
    return texts;
  }

  std::string read_attribute(const std::string& object, const std::string& name) const override {
    Hdf5Lock lock;
    const std::string full_name = object + "@" + name;
    const Hdf5Handle target = open_object(object);
    if (target < 0) throw_error<InputError>("{}: no object {}", path_, object);
    const Hdf5Handle attribute(H5Aopen(target, name.c_str(), H5P_DEFAULT), H5Aclose);
    if (attribute < 0) throw_error<InputError>("{}: no attribute {}", path_, full_name);
    check_is_string(Hdf5Handle(H5Aget_type(attribute), H5Tclose), full_name);
    const Hdf5Handle type = hdf5_string_type();
    const Hdf5Handle space(H5Aget_space(attribute), H5Sclose);
    if (H5Sget_simple_extent_npoints(space) != 1)
      throw_error<InputError>("{}: attribute {} is not a single string", path_, full_name);
    char* text = nullptr;
    if (H5Aread(attribute, type, &text) < 0) fail_read(full_name);
    std::string value = text ? text : "";
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, &text);
    return value;
  }

  void read_f32_range(const std::string& name, int64_t begin, std::span<float> out) const override {
    read_range(name, begin, out);
  }
  void read_u16_range(const std::string& name, int64_t begin,
                      std::span<uint16_t> out) const override {
    read_range(name, begin, out);
  }

 private:
  static constexpr int64_t kSlabBytes = int64_t{16} << 20;

  // A handle that outlives the locks under which it is used, and is closed under one.
  struct Dataset {
    Hdf5Handle handle;
    ~Dataset() {
      Hdf5Lock lock;
      handle.close();
    }
  };

  // All below: the lock is held, except in the templates, which take it.

  [[noreturn]] void fail_write(const std::string& what) {
    write_failed_ = true;
    throw_error<IoError>("{}: cannot write {}: {}", on_disk_, what, hdf5_message());
  }
  [[noreturn]] void fail_read(const std::string& what) const {
    throw_error<InputError>("{}: cannot read {}: {}", path_, what, hdf5_message());
  }

  // After a failed write the library cannot close the file: trying frees parts of it that the
  // library still refers to. Its object stays in memory; its space on the disk goes.
  void leave_open() {
    int* fd = nullptr;
    if (H5Fget_vfd_handle(file_, H5P_DEFAULT, reinterpret_cast<void**>(&fd)) >= 0)
      static_cast<void>(!::ftruncate(*fd, 0));
    file_.release();
  }

  void check_writing(const std::string& what) const {
    COHORT_CHECK(writing_ && !write_failed_ && file_ >= 0,
                 "{}: {}: the file is not open for writing", path_, what);
  }
  void check_no_nul(const std::string& what, const std::string& text) const {
    if (text.find('\0') != std::string::npos)
      throw_error<InputError>("{}: {}: HDF5 strings cannot hold a NUL character", path_, what);
  }
  void check_is_string(hid_t type, const std::string& name) const {
    if (H5Tis_variable_str(type) <= 0)
      throw_error<InputError>("{}: {} holds {}, expected strings of variable length", path_, name,
                              hdf5_type_name(type));
  }

  Hdf5Handle open_object(const std::string& name) const {
    const bool root = name.empty() || name == "/";
    if (!root && !link_exists(name)) return {};
    return Hdf5Handle(H5Oopen(file_, root ? "/" : name.c_str(), H5P_DEFAULT), H5Oclose);
  }

  // H5Lexists fails where an intermediate group is missing, so each prefix is asked for.
  bool link_exists(const std::string& name) const {
    for (size_t end = 0; end != std::string::npos;) {
      end = name.find('/', end + 1);
      if (H5Lexists(file_, name.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
    }
    return true;
  }

  Hdf5Handle open_dataset(const std::string& name) const {
    if (!link_exists(name)) throw_error<InputError>("{}: no dataset {}", path_, name);
    Hdf5Handle dataset(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (dataset < 0) fail_read(name);
    return dataset;
  }

  std::vector<int64_t> shape_of(hid_t dataset, const std::string& name) const {
    const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0) fail_read(name);
    std::vector<hsize_t> dims(static_cast<size_t>(rank));
    H5Sget_simple_extent_dims(space, dims.data(), nullptr);
    return {dims.begin(), dims.end()};
  }

  // Number of elements. A damaged header may claim more than the file holds: nothing is allocated
  // before its storage is seen to be there.
  size_t checked_count(hid_t dataset, const std::string& name, size_t element_size) const {
    const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    hsize_t file_size = 0;
    if (count < 0 || H5Fget_filesize(file_, &file_size) < 0) fail_read(name);
    const hsize_t stored = H5Dget_storage_size(dataset);
    if (stored > file_size || static_cast<hsize_t>(count) > stored / element_size)
      throw_error<InputError>(
          "{}: {} claims {} elements, which the file does not hold uncompressed", path_, name,
          count);
    return static_cast<size_t>(count);
  }

  Hdf5Handle create_dataset(const std::string& name, hid_t type,
                            const std::vector<int64_t>& shape) {
    check_writing(name);
    const std::vector<hsize_t> dims(shape.begin(), shape.end());
    const Hdf5Handle space(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
                           H5Sclose);
    const Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    if (H5Tget_class(type) != H5T_STRING)
      H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);  // every element is written
    H5Pset_obj_track_times(creation, false);            // the same content has the same bytes
    Hdf5Handle dataset(H5Dcreate2(file_, name.c_str(), type, space, links, creation, H5P_DEFAULT),
                       H5Dclose);
    if (dataset < 0) fail_write(name);
    return dataset;
  }

  // A checkpoint is written on a thread of its own: the lock is given up between slabs of rows, so
  // that other files go on meanwhile.
  template <class T>
  void write(const std::string& name, std::span<const T> data, std::vector<int64_t> shape) {
    if (shape.empty()) shape = {static_cast<int64_t>(data.size())};
    int64_t count = 1;
    for (const int64_t extent : shape) count *= extent;
    COHORT_CHECK(count == static_cast<int64_t>(data.size()), "{}: {}: {} elements for shape [{}]",
                 path_, name, data.size(), fmt::join(shape, ", "));
    Dataset dataset;
    {
      Hdf5Lock lock;
      dataset.handle = create_dataset(name, hdf5_type<T>(), shape);
    }
    if (count == 0) return;
    const int64_t row = count / shape[0];
    const int64_t slab_rows =
        std::max<int64_t>(1, kSlabBytes / static_cast<int64_t>(sizeof(T)) / row);
    for (int64_t begin = 0; begin < shape[0]; begin += slab_rows) {
      std::vector<hsize_t> start(shape.size(), 0);
      std::vector<hsize_t> extent(shape.begin(), shape.end());
      start[0] = static_cast<hsize_t>(begin);
      extent[0] = static_cast<hsize_t>(std::min(slab_rows, shape[0] - begin));
      Hdf5Lock lock;
      const Hdf5Handle space(H5Dget_space(dataset.handle), H5Sclose);
      H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr);
      const Hdf5Handle memory(
          H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose);
      if (H5Dwrite(dataset.handle, hdf5_type<T>(), memory, space, H5P_DEFAULT,
                   data.data() + begin * row) < 0)
        fail_write(name);
    }
  }

  template <class T>
  Hdf5Handle open_dataset_of(const std::string& name) const {
    Hdf5Handle dataset = open_dataset(name);
    const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
    if (H5Tequal(type, hdf5_type<T>()) <= 0)
      throw_error<InputError>("{}: {} holds {}, expected {}", path_, name, hdf5_type_name(type),
                              hdf5_type_name(hdf5_type<T>()));
    return dataset;
  }

  template <class T>
  std::vector<T> read(const std::string& name) const {
    Hdf5Lock lock;
    const Hdf5Handle dataset = open_dataset_of<T>(name);
    std::vector<T> data(checked_count(dataset, name, sizeof(T)));
    if (!data.empty() &&
        H5Dread(dataset, hdf5_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()) < 0)
      fail_read(name);
    return data;
  }

  template <class T>
  void read_range(const std::string& name, int64_t begin, std::span<T> out) const {
    Hdf5Lock lock;
    const Hdf5Handle dataset = open_dataset_of<T>(name);
    const std::vector<int64_t> shape = shape_of(dataset, name);
    const auto count = static_cast<int64_t>(out.size());
    if (shape.size() != 1 || begin < 0 || begin > shape[0] || count > shape[0] - begin)
      throw_error<InputError>("{}: {}: elements [{}, {}) of shape [{}]", path_, name, begin,
                              begin + count, fmt::join(shape, ", "));
    if (count == 0) return;
    const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
    const auto start = static_cast<hsize_t>(begin);
    const auto length = static_cast<hsize_t>(count);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &length, nullptr);
    const Hdf5Handle memory(H5Screate_simple(1, &length, nullptr), H5Sclose);
    if (H5Dread(dataset, hdf5_type<T>(), memory, space, H5P_DEFAULT, out.data()) < 0)
      fail_read(name);
  }

  std::string path_;
  std::string on_disk_;  // PATH.part until commit
  bool writing_;         // until commit
  bool write_failed_ = false;
  Hdf5Handle file_;
};

}  // namespace

std::unique_ptr<Hdf5File> Hdf5File::create(const std::string& path) {
  return std::make_unique<Hdf5FileImpl>(path, true);
}

std::unique_ptr<Hdf5File> Hdf5File::open(const std::string& path) {
  return std::make_unique<Hdf5FileImpl>(path, false);
}

}  // namespace cohort
