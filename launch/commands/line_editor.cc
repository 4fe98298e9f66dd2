#include "launch/commands/line_editor.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cwchar>
#include <iostream>

#include "model/tokenizer/utf8.h"

namespace cohort {
namespace {

constexpr int kEscape = 27;
constexpr int kEscapeWait = 50;  // milliseconds between the bytes of one key

// Keys come one by one and unseen while this lives, and what is pasted between marks.
class KeyMode {
 public:
  KeyMode() {
    tcgetattr(STDIN_FILENO, &before_);
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
    keys.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
    std::cout << "\x1b[?2004h" << std::flush;
  }
  ~KeyMode() {
    std::cout << "\x1b[?2004l" << std::flush;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
  KeyMode(const KeyMode&) = delete;
  KeyMode& operator=(const KeyMode&) = delete;

 private:
  termios before_{};
};

// Where the terminal puts characters one after the other.
struct Place {
  int64_t columns, row = 0, column = 0;

  void add(int64_t width) {
    if (column + width > columns) new_line();
    column += width;
  }
  void new_line() {
    ++row;
    column = 0;
  }
};

int64_t width_of(const std::string& character) {
  if (character == "\t") return 1;
  wchar_t wide = 0;
  std::mbstate_t state{};
  if (std::mbrtowc(&wide, character.data(), character.size(), &state) > character.size()) return 1;
  return std::max(0, wcwidth(wide));
}

void add(Place& place, const std::string& character) {
  if (character == "\n")
    place.new_line();
  else
    place.add(width_of(character));
}

}  // namespace

LineEditor::End LineEditor::read(const std::string& prompt, std::string& line) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // for wcwidth
  const KeyMode mode;
  prompt_ = prompt;
  text_.clear();
  cursor_ = 0;
  drawn_row_ = 0;
  entry_ = history_.size();
  draw();
  for (;;) {
    const int key = next_byte();
    const bool ends = key < 0 || (key == 4 && text_.empty());
    if (ends || key == 3 || key == '\r' || key == '\n') {
      cursor_ = text_.size();
      draw();
      std::cout << '\n' << std::flush;
      line.clear();
      if (ends) return End::input;
      if (key == 3) return End::interrupted;
      for (const std::string& c : text_) line += c;
      if (!text_.empty()) history_.push_back(text_);
      return End::line;
    }
    if (key == kEscape)
      escape();
    else if (key < 32 || key == 127)
      control(key);
    else
      insert(character(key));
    if (!more_within(0)) draw();
  }
}

int LineEditor::next_byte() {
  unsigned char byte = 0;
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
    if (n == 1) return byte;
    if (n == 0 || errno != EINTR) return -1;
  }
}

bool LineEditor::more_within(int milliseconds) {
  pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return poll(&input, 1, milliseconds) > 0;
}

std::string LineEditor::character(int first) {
  std::string out(1, static_cast<char>(first));
  for (int lead = first; (lead & 0xC0) == 0xC0 && more_within(kEscapeWait); lead <<= 1)
    out += static_cast<char>(next_byte());
  return to_valid_utf8(out);
}

void LineEditor::escape() {
  if (!more_within(kEscapeWait)) return;
  const int kind = next_byte();
  if (kind == '\r' || kind == '\n') insert("\n");
  if (kind != '[' && kind != 'O') return;
  std::string key;
  do {
    key += static_cast<char>(next_byte());
  } while ((key.back() < '@' || key.back() > '~') && key.size() < 16 && more_within(kEscapeWait));
  if (key == "200~") paste();
  if (key == "A") control(16);
  if (key == "B") control(14);
  if (key == "C") control(6);
  if (key == "D") control(2);
  if (key == "H" || key == "1~" || key == "7~") control(1);
  if (key == "F" || key == "4~" || key == "8~") control(5);
  if (key == "3~") control(4);
}

void LineEditor::paste() {
  constexpr std::string_view kEnd = "\x1b[201~";
  std::string pasted;
  while (!pasted.ends_with(kEnd)) {
    const int byte = next_byte();
    if (byte < 0) return;
    pasted += static_cast<char>(byte);
  }
  pasted.resize(pasted.size() - kEnd.size());
  Text text;
  for (const char c : to_valid_utf8(pasted)) {
    if (c == '\r') {  // the terminal's line end
      text.emplace_back("\n");
    } else if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) {
      text.back() += c;
    } else if (static_cast<unsigned char>(c) >= 32 || c == '\n' || c == '\t') {
      text.emplace_back(1, c);
    }
  }
  text_.insert(text_.begin() + static_cast<int64_t>(cursor_), text.begin(), text.end());
  cursor_ += text.size();
}

// By the keys' names of Emacs, as shells have them.
void LineEditor::control(int key) {
  switch (key) {
    case 1:
      cursor_ = 0;
      break;
    case 2:
      cursor_ -= cursor_ > 0;
      break;
    case 4:
      erase(cursor_, cursor_ + 1);
      break;
    case 5:
      cursor_ = text_.size();
      break;
    case 6:
      cursor_ += cursor_ < text_.size();
      break;
    case 8:
    case 127:
      erase(cursor_ - (cursor_ > 0), cursor_);
      break;
    case 9:
      insert("\t");
      break;
    case 11:
      erase(cursor_, text_.size());
      break;
    case 12:
      std::cout << "\x1b[H\x1b[2J";
      drawn_row_ = 0;
      break;
    case 14:
      recall(entry_ + 1);
      break;
    case 16:
      recall(entry_ - 1);
      break;
    case 21:
      erase(0, cursor_);
      break;
    case 23:
      erase(word_before(), cursor_);
      break;
    default:
      break;
  }
}

void LineEditor::insert(const std::string& character) {
  text_.insert(text_.begin() + static_cast<int64_t>(cursor_), character);
  ++cursor_;
}

void LineEditor::erase(size_t from, size_t to) {
  to = std::min(to, text_.size());
  text_.erase(text_.begin() + static_cast<int64_t>(from), text_.begin() + static_cast<int64_t>(to));
  cursor_ = from;
}

void LineEditor::recall(size_t entry) {
  if (entry > history_.size()) return;  // also before the first: it is unsigned
  if (entry_ == history_.size()) at_hand_ = text_;
  entry_ = entry;
  text_ = entry == history_.size() ? at_hand_ : history_[entry];
  cursor_ = text_.size();
}

size_t LineEditor::word_before() const {
  const auto blank = [](const std::string& c) { return c == " " || c == "\n" || c == "\t"; };
  size_t at = cursor_;
  while (at > 0 && blank(text_[at - 1])) --at;
  while (at > 0 && !blank(text_[at - 1])) --at;
  return at;
}

// Prompt and text over what was drawn before; a text that the screen cannot hold as its size.
void LineEditor::draw() {
  winsize window{};
  ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
  const int64_t columns = window.ws_col > 1 ? window.ws_col : 80,
                rows = window.ws_row > 1 ? window.ws_row : 24;
  Place start{columns};
  for (const char c : prompt_) add(start, std::string(1, c));
  Place end = start, cursor = start;
  std::string shown;
  for (size_t i = 0; i < text_.size(); ++i) {
    if (i == cursor_) cursor = end;
    add(end, text_[i]);
    shown += text_[i] == "\n" ? "\r\n" : text_[i] == "\t" ? " " : text_[i];
  }
  if (cursor_ == text_.size()) cursor = end;
  if (end.row + 1 >= rows) {
    shown = fmt::format("[{} characters]", text_.size());
    end = start;
    for (const char c : shown) add(end, std::string(1, c));
    cursor = end;
  }
  // A full last column leaves the terminal's cursor on it: a blank takes it to the next row.
  for (Place* place : {&end, &cursor})
    if (place->column == columns) place->new_line();
  std::string out;
  if (drawn_row_ > 0) out += fmt::format("\x1b[{}A", drawn_row_);
  out += "\r\x1b[J" + prompt_ + shown;
  if (end.column == 0 && !shown.empty() && !shown.ends_with("\n")) out += " \r";
  if (end.row > cursor.row) out += fmt::format("\x1b[{}A", end.row - cursor.row);
  out += '\r';
  if (cursor.column > 0) out += fmt::format("\x1b[{}C", cursor.column);
  std::cout << out << std::flush;
  drawn_row_ = cursor.row;
}

}  // namespace cohort
