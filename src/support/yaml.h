#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/diagnostics.h"

/// YAML with positions: every mistake can name file, line and column. Built on yaml-cpp's events, so that duplicate
/// keys are seen.
namespace millrace::yaml {

class Node {
public:
    enum class Kind : std::uint8_t { null, scalar, sequence, map };

    Kind kind = Kind::null;
    std::string scalar;       ///< text of a scalar, unescaped
    bool quoted = false;      ///< quoted scalars are never numbers or booleans
    std::vector<Node> items;  ///< of a sequence
    struct Entry;
    std::vector<Entry> entries;  ///< of a map, in file order, each key once
    SourceLocation where;

    bool isNull() const { return kind == Kind::null; }
    bool isScalar() const { return kind == Kind::scalar; }
    bool isSequence() const { return kind == Kind::sequence; }
    bool isMap() const { return kind == Kind::map; }
    /// The value of a key of a map, or null.
    const Node* find(std::string_view key) const;
    /// "a map", "a list", "the text 'x'", ... for messages.
    std::string describe() const;
};

/// A key of a map and its value.
struct Node::Entry {
    Entry(Node key, Node value) : first(std::move(key)), second(std::move(value)) {}
    Node first;
    Node second;
};

/// Parses one document; an empty one is a null node. Aliases and `<<` merge keys are expanded. Errors: wrong syntax, a
/// second document, keys that are not texts, more than 64 levels of nesting (after expansion), more than 10 million
/// nodes, more than 1 million nodes copied for anchors and aliases (64 bytes of text count as one more node). A key
/// that stands twice in a map: the last one wins, in the place of the first, with a warning that names both lines.
std::optional<Node> parse(std::string_view text, std::string_view file, Diagnostics& diagnostics);
/// Reads and parses a file; a missing or unreadable file is an error.
std::optional<Node> parseFile(const std::string& path, Diagnostics& diagnostics);

/// The text as a YAML scalar that reads back as the same text: plain where that is safe, else in double quotes.
std::string quote(std::string_view text);

/// Typed values. `what` names the value in the message ("size of memory 'rf'"). Integers are decimal, with `_` between
/// digits allowed, and a real with a whole value counts as an integer (`1e6`, `64.0`); `010` is ten. Booleans as in
/// YAML 1.2 plus True/TRUE/yes/no.
std::optional<std::int64_t> integer(const Node& node, std::string_view what, Diagnostics& diagnostics);
std::optional<double> real(const Node& node, std::string_view what, Diagnostics& diagnostics);
std::optional<bool> boolean(const Node& node, std::string_view what, Diagnostics& diagnostics);
std::optional<std::string> text(const Node& node, std::string_view what, Diagnostics& diagnostics);

/// Reads a map key by key, reports what is missing or wrong, and at `finish` every key that nobody asked for, with the
/// nearest known name.
class MapReader {
public:
    /// `what` names the map in messages ("memory 'rf_128B'"). If `node` is not a map, one error is reported and all
    /// reads give nothing.
    MapReader(const Node& node, std::string what, Diagnostics& diagnostics);

    bool valid() const { return valid_; }
    const Node& node() const { return node_; }
    const std::string& what() const { return what_; }
    /// Marks the key as known. Null if absent (or of null value).
    const Node* find(std::string_view key);
    /// As `find`, and an error if absent.
    const Node* require(std::string_view key);

    std::optional<std::int64_t> integer(std::string_view key);  ///< required
    std::optional<double> real(std::string_view key);           ///< required
    std::optional<std::string> text(std::string_view key);      ///< required
    std::int64_t integer(std::string_view key,
                         std::int64_t otherwise);  ///< optional; a wrong value is reported, `otherwise` returned
    double real(std::string_view key, double otherwise);
    bool boolean(std::string_view key, bool otherwise);
    std::string text(std::string_view key, std::string otherwise);

    /// Reports unknown keys: an error each, or a note if it looks like a misspelling of a required key whose absence
    /// has been reported. Call once, last.
    void finish();

private:
    const Node& node_;
    std::string what_;
    Diagnostics& diagnostics_;
    bool valid_ = false;
    std::vector<std::string> known_;
    std::vector<std::string> missing_;
};

}  // namespace millrace::yaml
