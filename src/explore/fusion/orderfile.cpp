#include "explore/fusion/orderfile.h"

#include <fmt/format.h>

#include <charconv>
#include <map>

namespace millrace::fusion {

static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

static std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

namespace {

class Lines {
public:
    Lines(const std::string& file, const workload::Workload& workload, Diagnostics& diagnostics)
        : file_(file), workload_(workload), diagnostics_(diagnostics) {
        for (const workload::LayerId id : workload.layers.ids()) names_.emplace(workload.layers[id].name, id);
    }

    void read(std::string_view line, int at) {
        line = trimmed(line.substr(0, line.find('#')));
        if (line.empty()) return;
        const SourceLocation where{file_, at, 1};
        const std::size_t comma = line.rfind(',');
        const auto tile = comma == std::string_view::npos ? std::nullopt : number(trimmed(line.substr(comma + 1)));
        if (!tile) {
            diagnostics_.error(where, fmt::format("'{}' is not of the form LAYER,TILE", line),
                               "\"3,17\": tile 17 of layer 3");
            return;
        }
        const std::string_view layer = trimmed(line.substr(0, comma));
        const auto index = number(layer);
        const auto known = names_.find(std::string(layer));
        if (known != names_.end()) {
            add(known->second, *tile, at);
        } else if (index && *index < workload_.layers.size()) {
            add(workload::LayerId(*index), *tile, at);
        } else {
            diagnostics_.error(where, fmt::format("the workload has no layer '{}'", layer),
                               fmt::format("a name, or a number from 0 to {}", workload_.layers.size() - 1));
        }
    }

    GivenOrder take() { return std::move(order_); }

private:
    void add(workload::LayerId layer, std::uint32_t tile, int line) {
        order_.tiles.emplace_back(layer, tile);
        order_.lines.push_back(line);
    }

    const std::string& file_;
    const workload::Workload& workload_;
    Diagnostics& diagnostics_;
    std::map<std::string, workload::LayerId> names_;
    GivenOrder order_;
};

}  // namespace

std::optional<GivenOrder> parseOrder(std::string_view text, const std::string& file, const workload::Workload& workload,
                                     Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    Lines lines(file, workload, diagnostics);
    for (int line = 1; !text.empty(); ++line) {
        const std::size_t end = text.find('\n');
        lines.read(text.substr(0, end), line);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    if (diagnostics.failures() > before) return std::nullopt;
    GivenOrder order = lines.take();
    if (order.tiles.empty() && !workload.layers.empty()) {
        diagnostics.error({file, 0, 0}, "the order names no tile: it is empty, or all of it stands behind a #",
                          "a line for each tile: \"3,17\" is tile 17 of layer 3");
        return std::nullopt;
    }
    return order;
}

std::string printOrder(const TileOrder& order) {
    std::string text;
    for (const auto& [layer, tile] : order) text += fmt::format("{},{}\n", layer.index(), tile);
    return text;
}

}  // namespace millrace::fusion
