// Files that are whole or absent: written aside, fsynced, renamed, their folder fsynced.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

std::string read_file(const std::string& path);  // throws InputError when it cannot be read
void write_file_atomic(const std::string& path, std::string_view content);  // throws IoError
void fsync_path(const std::string& path);    // file or folder; throws IoError
void make_folders(const std::string& path);  // mkdir -p; throws IoError
// Renames a finished file or folder to its name and fsyncs the parent; throws IoError.
void commit_rename(const std::string& from, const std::string& to);
bool path_exists(const std::string& path);
std::vector<std::string> list_folder(const std::string& path);  // names, sorted
void remove_tree(const std::string& path);

// xxHash XXH3, 64 and 128 bits, as lower-case hex for the 128.
uint64_t hash64(const void* data, size_t size, uint64_t seed = 0);
std::string hash128_hex(const void* data, size_t size);

// The known name nearest to `name` by edit distance, for "did you mean"; empty when none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

}  // namespace cohort
