#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/units.h"

/// Numbers and names for people.
namespace millrace::report {

/// Valid UTF-8 without control characters: wrong bytes become U+FFFD, control characters a blank.
std::string clean(std::string_view text);
/// Columns that clean text takes in a terminal: 2 for wide East Asian letters, 0 for combining marks.
std::size_t columns(std::string_view text);
/// Clean text in at most `width` columns; what is left out of the middle becomes "…".
std::string elide(std::string_view text, std::size_t width);

/// Clean text in lines of at most `width` columns, broken at blanks (a longer word is elided); the first line is
/// indented by `first` blanks, the others by `others`. Each line ends with a line break.
std::string wrap(std::string_view text, std::size_t width, std::size_t first, std::size_t others);

/// "1,234,567".
std::string thousands(std::int64_t value);
/// `thousands`, or "1.235e+15" from ten thousand million on.
std::string countText(std::int64_t value);
/// At most nine characters: `thousands`, or "12.35 M" from ten million on.
std::string shortCount(double value);
/// `countText` with one digit behind the point where it is not whole: "3,703,960.5".
std::string halvesText(double value);
/// Four significant digits and a prefix: "812 cycles", "3.831 Mcycles".
std::string cyclesText(Cycles cycles);
/// "812.0 pJ", "4.213 mJ".
std::string energyText(Picojoules energy);
/// In bytes, by powers of 1024: "36 B", "1.2 MiB".
std::string sizeText(Bits bits);
/// By how much `value` differs from `base`: "-4.1 %", "+0.02 %".
std::string changeText(double value, double base);
/// "60 %", "<1 %" if not zero, "99 %" if not whole.
std::string percent(double share);

/// Numbers in any order, "0-3,5"; "-" if none.
std::string rangesText(std::vector<std::size_t> numbers);

/// Layer names, shorter: without the path that all have in common, without the operator type at the end, and without a
/// component that the next one repeats ("/layer1/layer1.0/conv1/Conv" -> "layer1.0/conv1"). A name that would not stay
/// unique stays whole.
std::vector<std::string> shortNames(const std::vector<std::string>& names, const std::vector<std::string>& types);

}  // namespace millrace::report
