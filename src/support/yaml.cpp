#include "support/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "support/files.h"

namespace millrace::yaml {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::int64_t kMaxNodes = 10'000'000;
constexpr std::int64_t kMaxCopied = 1'000'000;
constexpr std::size_t kBytesPerUnit = 64;

/// Stops the parser; the message has been reported.
struct Stop {};

struct Anchor {
    Node node;
    std::int64_t cost = 0;
    std::size_t depth = 0;
};

struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    std::vector<Node> keys;  ///< of a map: the key that waits for its value; none or one
    std::unordered_map<std::string, std::size_t> index;
    std::vector<Node> merges;
};

struct Extent {
    std::int64_t cost = 1;
    std::size_t depth = 0;  ///< levels of lists and maps
    void include(const Extent& child) {
        cost += child.cost;
        depth = std::max(depth, child.depth + 1);
    }
};

Extent extentOf(const Node& node) {
    Extent extent;
    extent.depth = node.isSequence() || node.isMap() ? 1 : 0;
    extent.cost += static_cast<std::int64_t>(node.scalar.size() / kBytesPerUnit);
    for (const Node& item : node.items) extent.include(extentOf(item));
    for (const auto& [key, value] : node.entries) {
        extent.include(extentOf(key));
        extent.include(extentOf(value));
    }
    return extent;
}

class Builder final : public YAML::EventHandler {
public:
    Builder(std::string_view file, Diagnostics& diagnostics) : file_(file), diagnostics_(diagnostics) {}

    Node take() { return std::move(root_); }
    const SourceLocation& lastQuoted() const { return lastQuoted_; }
    SourceLocation locate(const YAML::Mark& mark) const {
        return mark.is_null() ? SourceLocation{file_, 0, 0} : SourceLocation{file_, mark.line + 1, mark.column + 1};
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0)
            fail(locate(mark), "a second document starts here", "one file holds one document; remove the '---'");
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        addLeaf(start(mark, Node::Kind::null), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) fail(locate(mark), "an alias stands inside of what it names");
        charge(locate(mark), found->second.cost);
        if (frames_.size() + found->second.depth > kMaxDepth) tooDeep(locate(mark));
        add(found->second.node);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = start(mark, Node::Kind::scalar);
        node.scalar = value;
        node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
        if (node.quoted) lastQuoted_ = node.where;
        addLeaf(std::move(node), anchor);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        push(start(mark, Node::Kind::sequence), anchor);
    }
    void OnSequenceEnd() override { pop(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        push(start(mark, Node::Kind::map), anchor);
    }
    void OnMapEnd() override {
        merge(frames_.back());
        pop();
    }

private:
    [[noreturn]] void fail(SourceLocation where, std::string message, std::string hint = {}) {
        diagnostics_.error(std::move(where), std::move(message), std::move(hint));
        throw Stop{};
    }
    [[noreturn]] void tooDeep(SourceLocation where) {
        fail(std::move(where), fmt::format("lists and maps are nested deeper than {} levels", kMaxDepth));
    }
    void charge(const SourceLocation& where, std::int64_t cost) {
        copied_ += cost;
        if (copied_ > kMaxCopied)
            fail(where, fmt::format("anchors and aliases expand to more than {} nodes", kMaxCopied));
    }
    Node start(const YAML::Mark& mark, Node::Kind kind) {
        Node node;
        node.kind = kind;
        node.where = locate(mark);
        if (++nodes_ > kMaxNodes) fail(node.where, fmt::format("the file holds more than {} nodes", kMaxNodes));
        return node;
    }
    void remember(const Node& node, YAML::anchor_t anchor) {
        if (anchor == 0) return;
        const Extent extent = extentOf(node);
        charge(node.where, extent.cost);
        anchors_[anchor] = Anchor{node, extent.cost, extent.depth};
    }
    void addLeaf(Node node, YAML::anchor_t anchor) {
        remember(node, anchor);
        add(std::move(node));
    }
    void push(Node node, YAML::anchor_t anchor) {
        if (frames_.size() >= kMaxDepth) tooDeep(node.where);
        Frame frame;
        frame.node = std::move(node);
        frame.anchor = anchor;
        frames_.push_back(std::move(frame));
    }
    void pop() {
        Node node = std::move(frames_.back().node);
        const YAML::anchor_t anchor = frames_.back().anchor;
        frames_.pop_back();
        addLeaf(std::move(node), anchor);
    }
    void add(Node node) {
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = frames_.back();
        if (frame.node.isSequence()) {
            frame.node.items.push_back(std::move(node));
        } else if (frame.keys.empty()) {
            if (!node.isScalar())
                fail(node.where, fmt::format("a key must be a text, but this is {}", node.describe()));
            frame.keys.push_back(std::move(node));
        } else {
            Node key = std::move(frame.keys.back());
            frame.keys.pop_back();
            addEntry(frame, std::move(key), std::move(node));
        }
    }
    void addEntry(Frame& frame, Node key, Node value) {
        if (key.scalar == "<<" && !key.quoted) {
            addMerge(frame, std::move(value));
            return;
        }
        const auto [place, isNew] = frame.index.emplace(key.scalar, frame.node.entries.size());
        if (isNew) {
            frame.node.entries.emplace_back(std::move(key), std::move(value));
            return;
        }
        auto& entry = frame.node.entries[place->second];
        diagnostics_.warning(
            key.where,
            fmt::format("the key '{}' stands twice in this map, first in line {}; the one in line {} counts",
                        key.scalar, entry.first.where.line, key.where.line),
            "remove one of them");
        entry = {std::move(key), std::move(value)};
    }
    void addMerge(Frame& frame, Node value) {
        if (value.isMap()) {
            frame.merges.push_back(std::move(value));
            return;
        }
        if (!value.isSequence())
            fail(value.where, fmt::format("'<<' needs a map or a list of maps, but has {}", value.describe()));
        for (Node& item : value.items) {
            if (!item.isMap())
                fail(item.where,
                     fmt::format("'<<' needs a map or a list of maps, but the list has {}", item.describe()));
            frame.merges.push_back(std::move(item));
        }
    }
    /// The map's own keys win over merged ones, and earlier merged maps over later ones.
    void merge(Frame& frame) {
        for (Node& map : frame.merges) {
            for (auto& entry : map.entries) {
                const bool isNew = frame.index.emplace(entry.first.scalar, frame.node.entries.size()).second;
                if (isNew) frame.node.entries.push_back(std::move(entry));
            }
        }
    }

    std::string file_;
    Diagnostics& diagnostics_;
    Node root_;
    std::vector<Frame> frames_;
    std::unordered_map<YAML::anchor_t, Anchor> anchors_;
    std::int64_t nodes_ = 0;
    std::int64_t copied_ = 0;
    int documents_ = 0;
    SourceLocation lastQuoted_;
};

/// The parser takes the end of the file for the end of a quoted text. True if the text that starts here does end.
bool quoteEnds(std::string_view text, const SourceLocation& where) {
    std::size_t at = 0;
    for (int line = 1; line < where.line && at != std::string_view::npos; ++line) at = text.find('\n', at) + 1;
    at += static_cast<std::size_t>(where.column - 1);
    if (where.line < 1 || at >= text.size() || (text[at] != '"' && text[at] != '\'')) return true;
    const char quote = text[at];
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (quote == '"' && text[i] == '\\') {
            ++i;
        } else if (text[i] == quote) {
            if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return true;
            ++i;
        }
    }
    return false;
}

std::string hintFor(const std::string& message, std::string_view text, int line) {
    std::istringstream lines{std::string(text)};
    std::string current;
    for (int i = 0; i < line && std::getline(lines, current); ++i) {
    }
    const std::size_t first = current.find_first_not_of(' ');
    if (first != std::string::npos && current[first] == '\t')
        return "indent with spaces: YAML does not allow tabs there";
    if (message.find("end of map") != std::string::npos || message.find("illegal map value") != std::string::npos)
        return "check the indentation and the colons of this line and the one before";
    return {};
}

}  // namespace

std::optional<Node> parse(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    Builder builder(file, diagnostics);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Stop&) {
        return std::nullopt;
    } catch (const YAML::Exception& problem) {
        const SourceLocation where = builder.locate(problem.mark);
        std::string message = problem.msg;
        std::erase_if(message, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
        diagnostics.error(where, "this is not YAML: " + message, hintFor(problem.msg, text, where.line));
        return std::nullopt;
    }
    if (!quoteEnds(text, builder.lastQuoted())) {
        diagnostics.error(builder.lastQuoted(), "this quoted text has no end", "add the closing quote");
        return std::nullopt;
    }
    Node root = builder.take();
    if (root.where.file.empty()) root.where = SourceLocation{std::string(file), 1, 1};
    return root;
}

std::optional<Node> parseFile(const std::string& path, Diagnostics& diagnostics) {
    const std::optional<std::string> text = readFile(path, diagnostics, std::int64_t{1} << 28);
    if (!text) return std::nullopt;
    return parse(*text, path, diagnostics);
}

}  // namespace millrace::yaml
