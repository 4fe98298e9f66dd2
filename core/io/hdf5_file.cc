// The serial C library behind Hdf5File. Every call takes one process-wide lock. The library's own
// error printing is off; its innermost message becomes the end of our one line.
#include "core/io/hdf5_file.h"

#include <hdf5.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"

namespace cohort {
namespace {

// Held during every call into the library. Error printing is a setting of each thread.
class LibraryLock {
 public:
  LibraryLock() : lock_(mutex()) {
    // Files are closed by their objects. The library's own clean-up at exit crashes on a file that
    // met a full disk.
    [[maybe_unused]] static const herr_t once = H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }

 private:
  static std::mutex& mutex() {
    static std::mutex instance;
    return instance;
  }
  std::scoped_lock<std::mutex> lock_;
};

// An identifier of the library and the function that closes it.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() { close(); }
  bool close() { return id_ < 0 || close_(std::exchange(id_, H5I_INVALID_HID)) >= 0; }
  void release() { id_ = H5I_INVALID_HID; }
  operator hid_t() const { return id_; }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

// The innermost message of the library's error stack; of a failed system call the system's words.
std::string library_message() {
  std::string message;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned depth, const H5E_error2_t* error, void* out) -> herr_t {
        if (depth == 0 && error->desc) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &message);
  constexpr std::string_view kSystem = "error message = '";
  if (const size_t start = message.find(kSystem); start != std::string::npos) {
    message.erase(0, start + kSystem.size());
    if (const size_t end = message.find('\''); end != std::string::npos) message.erase(end);
  }
  return message.empty() ? "unknown HDF5 error" : message;
}

template <class T>
hid_t stored_type();
template <>
hid_t stored_type<float>() {
  return H5T_IEEE_F32LE;
}
template <>
hid_t stored_type<double>() {
  return H5T_IEEE_F64LE;
}
template <>
hid_t stored_type<int64_t>() {
  return H5T_STD_I64LE;
}
template <>
hid_t stored_type<int32_t>() {
  return H5T_STD_I32LE;
}
template <>
hid_t stored_type<uint8_t>() {
  return H5T_STD_U8LE;
}
template <>
hid_t stored_type<uint16_t>() {
  return H5T_STD_U16LE;
}

std::string type_name(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_STRING) return "string";
  const size_t bits = 8 * H5Tget_size(type);
  if (kind == H5T_FLOAT) return fmt::format("f{}", bits);
  if (kind == H5T_INTEGER)
    return fmt::format("{}{}", H5Tget_sign(type) == H5T_SGN_NONE ? 'u' : 'i', bits);
  return "another type";
}

// UTF-8 of variable length, as h5py writes str.
Handle string_type() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

class Hdf5FileImpl final : public Hdf5File {
 public:
  Hdf5FileImpl(const std::string& path, bool create)
      : path_(path), on_disk_(create ? path + ".part" : path), writing_(create) {
    LibraryLock lock;
    Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    // flock fails on some cluster file systems. Nobody else opens a .part, and a finished file
    // never changes.
    H5Pset_file_locking(access, false, true);
    if (create) {
      file_ = Handle(H5Fcreate(on_disk_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
      if (file_ < 0) throw_error<IoError>("{}: cannot create: {}", on_disk_, library_message());
    } else {
      file_ = Handle(H5Fopen(on_disk_.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
      if (file_ < 0)
        throw_error<InputError>("{}: cannot open as HDF5: {}", path, library_message());
    }
  }

  ~Hdf5FileImpl() override {
    LibraryLock lock;
    if (writing_) ::unlink(on_disk_.c_str());
    if (write_failed_) leave_open();
  }

  void commit() override {
    LibraryLock lock;
    check_writing("commit");
    if (H5Fflush(file_, H5F_SCOPE_GLOBAL) < 0) fail_write("to the end");
    fsync_path(on_disk_);  // some file systems report a full disk only here
    if (!file_.close()) fail_write("to the end");
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
    LibraryLock lock;
    std::vector<const char*> pointers;
    for (const std::string& text : data) {
      check_no_nul(name, text);
      pointers.push_back(text.c_str());
    }
    const Handle type = string_type();
    write_dataset(name, type, type, pointers.data(), {static_cast<int64_t>(data.size())});
  }

  void write_attribute(const std::string& object, const std::string& name,
                       const std::string& value) override {
    LibraryLock lock;
    check_writing(name);
    check_no_nul(object + "@" + name, value);
    const Handle target = open_object(object);
    if (target < 0) fail_write(object);
    const Handle type = string_type();
    const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    if (H5Aexists(target, name.c_str()) > 0) H5Adelete(target, name.c_str());
    const Handle attribute(H5Acreate2(target, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
    const char* text = value.c_str();
    if (attribute < 0 || H5Awrite(attribute, type, &text) < 0) fail_write(object + "@" + name);
  }

  bool has(const std::string& name) const override {
    LibraryLock lock;
    return link_exists(name);
  }

  std::vector<std::string> list(const std::string& group) const override {
    LibraryLock lock;
    const Handle target = open_object(group);
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
    LibraryLock lock;
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
    LibraryLock lock;
    const Handle dataset = open_dataset(name);
    check_is_string(Handle(H5Dget_type(dataset), H5Tclose), name);
    const size_t count = checked_count(dataset, name, sizeof(char*));
    std::vector<char*> pointers(count, nullptr);
    const Handle type = string_type();
    const Handle space(H5Dget_space(dataset), H5Sclose);
    if (count > 0 && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0)
      fail_read(name);
    std::vector<std::string> texts;
    for (const char* text : pointers) texts.emplace_back(text ? text : "");
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
    return texts;
  }

  std::string read_attribute(const std::string& object, const std::string& name) const override {
    LibraryLock lock;
    const std::string full_name = object + "@" + name;
    const Handle target = open_object(object);
    if (target < 0) throw_error<InputError>("{}: no object {}", path_, object);
    const Handle attribute(H5Aopen(target, name.c_str(), H5P_DEFAULT), H5Aclose);
    if (attribute < 0) throw_error<InputError>("{}: no attribute {}", path_, full_name);
    check_is_string(Handle(H5Aget_type(attribute), H5Tclose), full_name);
    const Handle type = string_type();
    const Handle space(H5Aget_space(attribute), H5Sclose);
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
  // All below: the lock is held, except in the templates, which take it.

  [[noreturn]] void fail_write(const std::string& what) {
    write_failed_ = true;
    throw_error<IoError>("{}: cannot write {}: {}", on_disk_, what, library_message());
  }
  [[noreturn]] void fail_read(const std::string& what) const {
    throw_error<InputError>("{}: cannot read {}: {}", path_, what, library_message());
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
                              type_name(type));
  }

  Handle open_object(const std::string& name) const {
    const bool root = name.empty() || name == "/";
    if (!root && !link_exists(name)) return {};
    return Handle(H5Oopen(file_, root ? "/" : name.c_str(), H5P_DEFAULT), H5Oclose);
  }

  // H5Lexists fails where an intermediate group is missing, so each prefix is asked for.
  bool link_exists(const std::string& name) const {
    for (size_t end = 0; end != std::string::npos;) {
      end = name.find('/', end + 1);
      if (H5Lexists(file_, name.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
    }
    return true;
  }

  Handle open_dataset(const std::string& name) const {
    if (!link_exists(name)) throw_error<InputError>("{}: no dataset {}", path_, name);
    Handle dataset(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (dataset < 0) fail_read(name);
    return dataset;
  }

  std::vector<int64_t> shape_of(hid_t dataset, const std::string& name) const {
    const Handle space(H5Dget_space(dataset), H5Sclose);
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0) fail_read(name);
    std::vector<hsize_t> dims(static_cast<size_t>(rank));
    H5Sget_simple_extent_dims(space, dims.data(), nullptr);
    return {dims.begin(), dims.end()};
  }

  // Number of elements. A damaged header may claim more than the file holds: nothing is allocated
  // before its storage is seen to be there.
  size_t checked_count(hid_t dataset, const std::string& name, size_t element_size) const {
    const Handle space(H5Dget_space(dataset), H5Sclose);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    hsize_t file_size = 0;
    if (count < 0 || H5Fget_filesize(file_, &file_size) < 0) fail_read(name);
    const hsize_t stored = H5Dget_storage_size(dataset);
    if (stored > file_size || static_cast<hsize_t>(count) > stored / element_size)
      throw_error<InputError>("{}: {} claims {} elements, which the file does not hold", path_,
                              name, count);
    return static_cast<size_t>(count);
  }

  void write_dataset(const std::string& name, hid_t file_type, hid_t memory_type, const void* data,
                     const std::vector<int64_t>& shape) {
    check_writing(name);
    const std::vector<hsize_t> dims(shape.begin(), shape.end());
    const Handle space(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
                       H5Sclose);
    const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    if (H5Tget_class(file_type) != H5T_STRING)
      H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);  // every element is written below
    H5Pset_obj_track_times(creation, false);            // the same content has the same bytes
    const Handle dataset(
        H5Dcreate2(file_, name.c_str(), file_type, space, links, creation, H5P_DEFAULT), H5Dclose);
    if (dataset < 0) fail_write(name);
    if (H5Sget_simple_extent_npoints(space) > 0 &&
        H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
      fail_write(name);
  }

  template <class T>
  void write(const std::string& name, std::span<const T> data, std::vector<int64_t> shape) {
    LibraryLock lock;
    if (shape.empty()) shape = {static_cast<int64_t>(data.size())};
    int64_t count = 1;
    for (const int64_t extent : shape) count *= extent;
    COHORT_CHECK(count == static_cast<int64_t>(data.size()), "{}: {}: {} elements for shape [{}]",
                 path_, name, data.size(), fmt::join(shape, ", "));
    write_dataset(name, stored_type<T>(), stored_type<T>(), data.data(), shape);
  }

  template <class T>
  Handle open_dataset_of(const std::string& name) const {
    Handle dataset = open_dataset(name);
    const Handle type(H5Dget_type(dataset), H5Tclose);
    if (H5Tequal(type, stored_type<T>()) <= 0)
      throw_error<InputError>("{}: {} holds {}, expected {}", path_, name, type_name(type),
                              type_name(stored_type<T>()));
    return dataset;
  }

  template <class T>
  std::vector<T> read(const std::string& name) const {
    LibraryLock lock;
    const Handle dataset = open_dataset_of<T>(name);
    std::vector<T> data(checked_count(dataset, name, sizeof(T)));
    if (!data.empty() &&
        H5Dread(dataset, stored_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()) < 0)
      fail_read(name);
    return data;
  }

  template <class T>
  void read_range(const std::string& name, int64_t begin, std::span<T> out) const {
    LibraryLock lock;
    const Handle dataset = open_dataset_of<T>(name);
    const std::vector<int64_t> shape = shape_of(dataset, name);
    const auto count = static_cast<int64_t>(out.size());
    if (shape.size() != 1 || begin < 0 || begin > shape[0] || count > shape[0] - begin)
      throw_error<InputError>("{}: {}: elements [{}, {}) of shape [{}]", path_, name, begin,
                              begin + count, fmt::join(shape, ", "));
    if (count == 0) return;
    const Handle space(H5Dget_space(dataset), H5Sclose);
    const auto start = static_cast<hsize_t>(begin);
    const auto length = static_cast<hsize_t>(count);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &length, nullptr);
    const Handle memory(H5Screate_simple(1, &length, nullptr), H5Sclose);
    if (H5Dread(dataset, stored_type<T>(), memory, space, H5P_DEFAULT, out.data()) < 0)
      fail_read(name);
  }

  std::string path_;
  std::string on_disk_;  // PATH.part until commit
  bool writing_;         // until commit
  bool write_failed_ = false;
  Handle file_;
};

}  // namespace

std::unique_ptr<Hdf5File> Hdf5File::create(const std::string& path) {
  return std::make_unique<Hdf5FileImpl>(path, true);
}

std::unique_ptr<Hdf5File> Hdf5File::open(const std::string& path) {
  return std::make_unique<Hdf5FileImpl>(path, false);
}

}  // namespace cohort
