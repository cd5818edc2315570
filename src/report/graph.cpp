#include "report/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "report/graphlayout.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kMostOperators = 2000;
constexpr double kMargin = 24;
constexpr double kHead = 66;

enum Family { kBoundary, kMatrix, kPooling, kActivation, kArithmetic, kNormalization, kLayout, kHost, kOther };

struct FamilyFacts {
    const char* title;
    Colour colour;
};
constexpr std::array<FamilyFacts, 9> kFamilies{{
    {"graph inputs and outputs", {0.93, 0.93, 0.94, 1}},
    {"convolutions, matrix products", {0.55, 0.74, 0.93, 1}},
    {"pooling, reductions", {0.62, 0.85, 0.66, 1}},
    {"activations", {0.98, 0.86, 0.52, 1}},
    {"arithmetic", {0.97, 0.73, 0.55, 1}},
    {"normalisations", {0.80, 0.73, 0.91, 1}},
    {"layout", {0.84, 0.86, 0.80, 1}},
    {"host", {0.93, 0.58, 0.58, 1}},
    {"other", {0.75, 0.88, 0.88, 1}},
}};

constexpr std::array<std::string_view, 9> kMatrixTypes{"Conv",          "ConvTranspose", "ConvInteger",
                                                       "QLinearConv",   "Gemm",          "MatMul",
                                                       "MatMulInteger", "QLinearMatMul", "Einsum"};
constexpr std::array<std::string_view, 17> kActivationTypes{
    "Relu",     "LeakyRelu", "PRelu",           "Elu",  "Selu",      "Celu",
    "Clip",     "Sigmoid",   "HardSigmoid",     "Tanh", "HardSwish", "Softmax",
    "Softplus", "Gelu",      "ThresholdedRelu", "Mish", "LogSoftmax"};
constexpr std::array<std::string_view, 15> kArithmeticTypes{"Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Exp",  "Erf",
                                                            "Neg", "Abs", "Min", "Max", "Log", "Sum",  "Where"};
constexpr std::array<std::string_view, 6> kNormalizationTypes{"BatchNormalization",    "LayerNormalization",
                                                              "InstanceNormalization", "GroupNormalization",
                                                              "RMSNormalization",      "LRN"};
constexpr std::array<std::string_view, 17> kLayoutTypes{
    "Reshape", "Transpose", "Flatten",      "Squeeze",      "Unsqueeze", "Concat",   "Split", "Slice",  "Pad",
    "Expand",  "Tile",      "DepthToSpace", "SpaceToDepth", "Gather",    "Identity", "Cast",  "Dropout"};

template <class List>
bool has(const List& list, const std::string& type) {
    return std::find(list.begin(), list.end(), type) != list.end();
}

Family familyOf(const model::Operator& op) {
    if (!op.known) return kHost;
    if (has(kMatrixTypes, op.type)) return kMatrix;
    if (op.type.ends_with("Pool") || op.type.starts_with("Reduce")) return kPooling;
    if (has(kActivationTypes, op.type)) return kActivation;
    if (has(kArithmeticTypes, op.type)) return kArithmetic;
    if (has(kNormalizationTypes, op.type)) return kNormalization;
    return has(kLayoutTypes, op.type) ? kLayout : kOther;
}

struct Node {
    std::string type;
    std::string name;
    std::string shape;
    Family family = kOther;
};

class Picture {
public:
    explicit Picture(const model::Network& network) : network_(network), producer_(network.tensors.size(), kNobody) {
        for (const model::TensorId id : network.inputs) {
            if (nodes_.size() == kMostOperators) break;
            producer_[id] = nodes_.size();
            nodes_.push_back({"input", network.tensors[id].name, shapeOf(id), kBoundary});
        }
        drawn_ = std::min(kMostOperators, network.operators.size());
        for (std::size_t i = 0; i < drawn_; ++i) addOperator(network.operators[model::OperatorId(i)]);
        for (const model::TensorId id : network.outputs) {
            if (producer_[id] == kNobody || nodes_.size() >= 3 * kMostOperators) continue;
            nodes_.push_back({"output", network.tensors[id].name, shapeOf(id), kBoundary});
            edges_.push_back({producer_[id], nodes_.size() - 1});
        }
        layout_ = layoutGraph(nodes_.size(), edges_);
    }

    std::string draw(Canvas::Format format) const {
        const double wide = std::max(layout_.width, 900.0) + 2 * kMargin;
        Canvas canvas(wide, layout_.height + kHead + 2 * kMargin, 1, format);
        drawHead(canvas);
        for (const std::vector<Point>& edge : layout_.edges) drawEdge(canvas, edge);
        for (std::size_t i = 0; i < nodes_.size(); ++i) drawNode(canvas, nodes_[i], placed(layout_.nodes[i]));
        return canvas.finish();
    }

private:
    static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

    std::string shapeOf(model::TensorId id) const {
        if (!id.valid() || !network_.tensors[id].shape) return "[?]";
        return model::text(*network_.tensors[id].shape);
    }

    void addOperator(const model::Operator& op) {
        const std::size_t self = nodes_.size();
        nodes_.push_back({op.type, op.name, shapeOf(op.output(0)), familyOf(op)});
        std::set<std::size_t> seen;
        for (const model::TensorId id : op.inputs) {
            const std::size_t from = id.valid() ? producer_[id] : kNobody;
            if (from != kNobody && seen.insert(from).second) edges_.push_back({from, self});
        }
        for (const model::TensorId id : op.outputs) {
            if (id.valid()) producer_[id] = self;
        }
    }

    static Rect placed(Rect rect) {
        rect.x += kMargin;
        rect.y += kMargin + kHead;
        return rect;
    }

    void drawHead(Canvas& canvas) const {
        std::string title = fmt::format("{}: {} operators", clean(network_.name), network_.operators.size());
        if (drawn_ < network_.operators.size()) title += fmt::format(", of which the first {} are drawn", drawn_);
        const Font font{18, true};
        canvas.text({kMargin, kMargin + 16}, canvas.fit(title, font, canvas.width() - 2 * kMargin), font, kInk);
        double x = kMargin;
        double y = kMargin + 30;
        for (std::size_t family = 0; family < kFamilies.size(); ++family) {
            const bool used =
                std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.family == family; });
            if (!used) continue;
            const double wide = 18 + canvas.textWidth(kFamilies[family].title, {12}) + 18;
            if (x + wide > canvas.width() - kMargin) {
                x = kMargin;
                y += 18;
            }
            canvas.fill({x, y, 12, 12}, kFamilies[family].colour);
            canvas.outline({x, y, 12, 12}, kFrame);
            canvas.text({x + 18, y + 10.5}, kFamilies[family].title, {12}, kSoftInk);
            x += wide;
        }
    }

    static void drawEdge(Canvas& canvas, std::vector<Point> edge) {
        for (Point& point : edge) {
            point.x += kMargin;
            point.y += kMargin + kHead;
        }
        const Point end = edge.back();
        edge.back().y -= 5;
        canvas.polyline(edge, kSoftInk, 1.2);
        canvas.polygon({{end.x - 3.5, end.y - 7}, {end.x + 3.5, end.y - 7}, end}, kSoftInk);
    }

    static void drawNode(Canvas& canvas, const Node& node, const Rect& rect) {
        canvas.fill(rect, kFamilies[node.family].colour);
        canvas.outline(rect, kFrame);
        const double room = rect.width - 14;
        const Font shapeFont{11, false};
        const Font typeFont{12.5, true};
        const std::string shape = canvas.fit(node.shape, shapeFont, room * 0.6);
        canvas.text({rect.right() - 7, rect.y + 16}, shape, shapeFont, kInk, Anchor::right);
        const double rest = room - canvas.textWidth(shape, shapeFont) - 8;
        canvas.text({rect.x + 7, rect.y + 16}, canvas.fit(clean(node.type), typeFont, rest), typeFont, kInk);
        canvas.text({rect.x + 7, rect.y + 32}, canvas.fit(clean(node.name), shapeFont, room), shapeFont, kSoftInk);
    }

    const model::Network& network_;
    Table<model::TensorId, std::size_t> producer_;
    std::vector<Node> nodes_;
    std::vector<GraphEdge> edges_;
    GraphLayout layout_;
    std::size_t drawn_ = 0;
};

}  // namespace

std::string graphSvg(const model::Network& network) { return Picture(network).draw(Canvas::Format::svg); }
std::string graphPng(const model::Network& network) { return Picture(network).draw(Canvas::Format::png); }

}  // namespace millrace::report
