// A plugin that does what the first completion says, and else values each completion 1.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto says = [&](const char* order) {
      return line.find("\"" + std::string(order) + "\"") != std::string::npos;
    };
    const size_t id_at = line.find("\"id\":") + 5;
    const std::string id = line.substr(id_at, line.find_first_of(",}", id_at) - id_at);
    if (says("child") && fork() == 0) {
      signal(SIGTERM, SIG_IGN);
      pause();
    }
    if (says("crash")) raise(SIGSEGV);
    if (says("hang")) pause();
    if (says("exit")) return 3;
    if (says("close")) {
      close(1);
      pause();
    }
    if (says("garbage")) {
      std::cout << "\x01\xff no JSON {{{" << std::endl;
      continue;
    }
    if (says("endless"))
      while (std::cout << std::string(65536, 'x')) {
      }
    if (says("noisy"))
      for (int i = 0; i < 100'000; ++i) std::cerr << "noise " << i << "\n";
    if (says("stale")) std::cout << R"({"id": 0, "values": [9]})" << std::endl;
    if (says("early")) {
      std::cout << R"({"id": )" << id << R"(, "values": [1]})"
                << "\n"
                << R"({"id": )" << id << R"(, "values": [9]})" << std::endl;
      continue;
    }
    if (says("deep")) {
      std::cout << R"({"id": )" << id << R"(, "values": )" << std::string(200'000, '[')
                << std::string(200'000, ']') << "}" << std::endl;
      continue;
    }
    std::cout << R"({"id": )" << id << R"(, "values": [1]})" << std::endl;
    // The reply to the next request, before it is asked.
    if (says("ahead"))
      std::cout << R"({"id": )" << std::stoi(id) + 1 << R"(, "values": [9]})" << std::endl;
    if (says("last")) return 0;
  }
}
