// cohort digest MODEL|RUN: a hash of every tensor; the last word of the last line is the hash of
// all.
#include <CLI/CLI.hpp>
#include <iostream>

#include "launch/commands/commands.h"
#include "trainer/digest.h"

namespace cohort {

void add_digest_command(CLI::App& app, CommandContext& context) {
  auto path = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("digest", "Hashes of a model's or a run's tensors");
  command->add_option("path", *path, "Hugging Face folder, checkpoint or run")->required();
  command->callback([&context, path] {
    context.action = [path](Communicator&) {
      const std::vector<DigestLine> lines = digest(*path);
      for (const DigestLine& line : lines) std::cout << line.name << ' ' << line.hash << '\n';
      std::cout << "total " << digest_total(lines) << '\n';
      return 0;
    };
  });
}

}  // namespace cohort
