#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "support/diagnostics.h"
#include "support/yaml.h"

/// JSON with positions, as the same nodes that YAML gives: strings are quoted scalars, numbers and booleans plain ones,
/// so that the typed values and `MapReader` of yaml.h serve both.
namespace millrace::json {

/// Parses one JSON value (RFC 8259, UTF-8). Faults that people make by hand and whose meaning is plain are warnings: a
/// missing comma between values, a comma behind the last one, comments (`//`, `/* */`, `#`), a key that stands twice
/// (the last one wins, in the place of the first). All else is an error, the first ends the reading; so are more than
/// 64 levels of nesting, more than 10 million nodes and numbers beyond double's range. At most 20 warnings are listed.
/// Columns count characters.
std::optional<yaml::Node> parse(std::string_view text, std::string_view file, Diagnostics& diagnostics);
/// Reads and parses a file of at most 256 MiB; a missing or unreadable file is an error.
std::optional<yaml::Node> parseFile(const std::string& path, Diagnostics& diagnostics);

/// The text as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string quote(std::string_view text);

}  // namespace millrace::json
