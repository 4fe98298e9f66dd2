// A model as other programs read it: a Hugging Face folder, or a GGUF file.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "trainer/model_source.h"

namespace cohort {

const std::vector<std::string>& export_formats();  // hf, gguf
// Element types of a format: f32 and bf16; of gguf f16 and the quantised mixes, too.
std::vector<std::string> export_types(const std::string& format);

// hf: config.json, model.safetensors in `type` and the tokenizer's files. gguf: model.gguf, and
// model.Modelfile for Ollama. Written aside and renamed; the folder must not exist or be empty.
// before_rename is given the folder that gets the name FOLDER next. Throws InputError for what the
// format cannot express, a value beyond the type's range among it.
void export_folder(const LoadedModel& model, const std::string& folder, const std::string& format,
                   const std::string& type,
                   const std::function<void(const std::string& part)>& before_rename = {});

// FILE.gguf, which must not exist, and FILE.Modelfile beside it.
void export_gguf_file(const LoadedModel& model, const std::string& file, const std::string& type);

}  // namespace cohort
