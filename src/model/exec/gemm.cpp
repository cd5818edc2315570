#include "model/exec/gemm.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>

#include "model/exec/tiles.h"

namespace millrace::model::exec {

namespace {

constexpr std::int64_t kInnerBlock = 256;
constexpr std::int64_t kColumnBlock = 512;
constexpr std::int64_t kSlack = 64;

std::int64_t ceilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::unique_ptr<float[]> scratch(std::int64_t count) {
    return std::make_unique<float[]>(static_cast<std::size_t>(count + kSlack));
}

using Four = float __attribute__((vector_size(16)));

Four loadFour(const float* from) {
    Four value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

/// to[j * toPitch + i] = from[i * fromPitch + j] for i, j < 4.
void transposeFour(const float* from, std::int64_t fromPitch, float* to, std::int64_t toPitch) {
    const Four a = loadFour(from);
    const Four b = loadFour(from + fromPitch);
    const Four c = loadFour(from + 2 * fromPitch);
    const Four d = loadFour(from + 3 * fromPitch);
    const Four abLow = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const Four abHigh = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Four cdLow = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const Four cdHigh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    const Four columns[] = {
        __builtin_shufflevector(abLow, cdLow, 0, 1, 4, 5), __builtin_shufflevector(abLow, cdLow, 2, 3, 6, 7),
        __builtin_shufflevector(abHigh, cdHigh, 0, 1, 4, 5), __builtin_shufflevector(abHigh, cdHigh, 2, 3, 6, 7)};
    for (std::int64_t j = 0; j < 4; ++j) std::memcpy(to + j * toPitch, &columns[j], sizeof(Four));
}

/// to[j * toPitch + i] = from[i * fromPitch + j] for i < rows, j < columns.
void transpose(const float* from, std::int64_t fromPitch, std::int64_t rows, std::int64_t columns, float* to,
               std::int64_t toPitch) {
    constexpr std::int64_t kChunk = 16;
    for (std::int64_t first = 0; first < columns; first += kChunk) {
        const std::int64_t last = std::min(columns, first + kChunk);
        std::int64_t i = 0;
        for (; i + 4 <= rows; i += 4) {
            std::int64_t j = first;
            for (; j + 4 <= last; j += 4) {
                transposeFour(from + i * fromPitch + j, fromPitch, to + j * toPitch + i, toPitch);
            }
            for (; j < last; ++j) {
                for (std::int64_t k = i; k < i + 4; ++k) to[j * toPitch + k] = from[k * fromPitch + j];
            }
        }
        for (; i < rows; ++i) {
            for (std::int64_t j = first; j < last; ++j) to[j * toPitch + i] = from[i * fromPitch + j];
        }
    }
}

/// Rows [begin, begin + rows) as [inner][rows].
void packLeftPanel(const MatrixView& left, std::int64_t begin, std::int64_t rows, std::int64_t inner, float* panel) {
    const float* from = left.data + begin * left.rowStride;
    if (left.columnStride == 1) return transpose(from, left.rowStride, rows, inner, panel, rows);
    for (std::int64_t l = 0; l < inner; ++l) {
        for (std::int64_t r = 0; r < rows; ++r) panel[l * rows + r] = from[l * left.columnStride + r * left.rowStride];
    }
}

/// How the work is cut. Results do not depend on it.
struct Cut {
    std::int64_t columnBlock, columnBlocks;
    std::int64_t panelsPerRowBlock, rowBlocks;

    Cut(const Gemm& gemm, const TileKernels& kernels, int threads) {
        const std::int64_t width = kernels.columns();
        const auto items = static_cast<std::int64_t>(gemm.items.size());
        const std::int64_t wanted = std::max<std::int64_t>(1, ceilDiv(threads * 4, items));
        columnBlock = std::clamp(ceilDiv(ceilDiv(gemm.columns, wanted), width) * width, 3 * width, kColumnBlock);
        columnBlocks = ceilDiv(gemm.columns, columnBlock);
        const std::int64_t panels = ceilDiv(gemm.rows, kernels.rows);
        const std::int64_t pieces =
            threads == 1 ? 1 : std::clamp<std::int64_t>(ceilDiv(wanted, columnBlocks), 1, panels);
        panelsPerRowBlock = ceilDiv(panels, pieces);
        rowBlocks = ceilDiv(panels, panelsPerRowBlock);
    }
};

class Multiplication {
public:
    Multiplication(const Environment& environment, const Gemm& gemm)
        : environment_(environment),
          gemm_(gemm),
          kernels_(tileKernels()),
          cut_(gemm, kernels_, std::max(1, environment.threads)),
          packed_(new float[gemm.lefts.size() * static_cast<std::size_t>(gemm.rows * gemm.inner + kSlack)]) {}

    void run() {
        packLefts();
        const std::int64_t perItem = cut_.columnBlocks * cut_.rowBlocks;
        const std::int64_t count = static_cast<std::int64_t>(gemm_.items.size()) * perItem;
        const std::int64_t parts = std::clamp<std::int64_t>(environment_.threads, 1, count);
        std::atomic<std::int64_t> next{0};
        parallelFor(environment_, parts, 1, [&](std::int64_t begin, std::int64_t end) {
            const auto panels = scratch(std::min(kInnerBlock, gemm_.inner) * cut_.columnBlock);
            float edge[kMostTileRows * 32] = {};
            for (; begin < end; ++begin) {
                for (std::int64_t task = next++; task < count; task = next++) {
                    block(static_cast<std::size_t>(task / perItem), task % perItem, panels.get(), edge);
                }
            }
        });
    }

private:
    float* packedLeft(std::size_t left) const {
        return packed_.get() + left * static_cast<std::size_t>(gemm_.rows * gemm_.inner + kSlack);
    }

    void packLefts() {
        const std::int64_t panels = ceilDiv(gemm_.rows, kernels_.rows);
        const auto count = static_cast<std::int64_t>(gemm_.lefts.size()) * panels;
        const std::int64_t grain =
            std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, gemm_.inner * kernels_.rows));
        parallelFor(environment_, count, grain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t row = i % panels * kernels_.rows;
                const auto left = static_cast<std::size_t>(i / panels);
                packLeftPanel(gemm_.lefts[left], row, std::min<std::int64_t>(kernels_.rows, gemm_.rows - row),
                              gemm_.inner, packedLeft(left) + row * gemm_.inner);
            }
        });
    }

    void block(std::size_t item, std::int64_t task, float* panels, float* edge) const {
        const std::int64_t columnBegin = task / cut_.rowBlocks * cut_.columnBlock;
        const std::int64_t columnEnd = std::min(gemm_.columns, columnBegin + cut_.columnBlock);
        const std::int64_t rowBegin = task % cut_.rowBlocks * cut_.panelsPerRowBlock * kernels_.rows;
        const std::int64_t rowEnd = std::min(gemm_.rows, rowBegin + cut_.panelsPerRowBlock * kernels_.rows);
        for (std::int64_t inner = 0; inner == 0 || inner < gemm_.inner; inner += kInnerBlock) {
            const PanelBlock block{
                inner, std::min(gemm_.inner, inner + kInnerBlock), columnBegin, columnEnd, kernels_.columns(), panels};
            if (block.inner() > 0) gemm_.packRight(item, block);
            for (std::int64_t column = columnBegin; column < columnEnd; column += block.width) {
                for (std::int64_t row = rowBegin; row < rowEnd; row += kernels_.rows) {
                    tile(gemm_.items[item], block, row, column, edge);
                }
            }
        }
    }

    void tile(const GemmItem& item, const PanelBlock& block, std::int64_t row, std::int64_t column, float* edge) const {
        const std::int64_t rows = std::min<std::int64_t>(kernels_.rows, gemm_.rows - row);
        const std::int64_t columns = std::min<std::int64_t>(block.width, block.columnEnd - column);
        const float* left = packedLeft(item.left) + row * gemm_.inner + block.innerBegin * rows;
        const float* right = block.panels + (column - block.columnBegin) * block.inner();
        float* result = item.result + row * gemm_.resultPitch + column;
        const float* initial = item.start == nullptr ? nullptr : item.start + row;
        const TileStart first = initial == nullptr ? TileStart::zero : TileStart::initial;
        const TileStart start = block.innerBegin == 0 ? first : TileStart::result;
        const TileKernel whole = kernels_.tiles[1][rows - 1];
        if (columns == block.width) {
            return whole(block.inner(), left, right, result, gemm_.resultPitch, start, initial);
        }
        const auto bytes = static_cast<std::size_t>(columns) * sizeof(float);
        for (std::int64_t r = 0; r < rows && start == TileStart::result; ++r) {
            std::memcpy(edge + r * block.width, result + r * gemm_.resultPitch, bytes);
        }
        whole(block.inner(), left, right, edge, block.width, start, initial);
        for (std::int64_t r = 0; r < rows; ++r) {
            std::memcpy(result + r * gemm_.resultPitch, edge + r * block.width, bytes);
        }
    }

    const Environment& environment_;
    const Gemm& gemm_;
    const TileKernels& kernels_;
    Cut cut_;
    std::unique_ptr<float[]> packed_;
};

void packRows(const MatrixView& right, const PanelBlock& block, std::int64_t column, float* panel) {
    const std::int64_t count = std::min<std::int64_t>(block.width, block.columnEnd - column);
    for (std::int64_t l = block.innerBegin; l < block.innerEnd; ++l, panel += block.width) {
        std::memcpy(panel, right.data + l * right.rowStride + column, static_cast<std::size_t>(count) * sizeof(float));
    }
}

void packStrided(const MatrixView& right, const PanelBlock& block, std::int64_t column, float* panel) {
    const std::int64_t count = std::min<std::int64_t>(block.width, block.columnEnd - column);
    if (right.rowStride == 1) {
        return transpose(right.data + column * right.columnStride + block.innerBegin, right.columnStride, count,
                         block.inner(), panel, block.width);
    }
    for (std::int64_t c = 0; c < count; ++c) {
        const float* from = right.data + (column + c) * right.columnStride + block.innerBegin * right.rowStride;
        for (std::int64_t l = 0; l < block.inner(); ++l) panel[l * block.width + c] = from[l * right.rowStride];
    }
}

}  // namespace

void run(const Environment& environment, const Gemm& gemm) {
    if (gemm.items.empty() || gemm.rows == 0 || gemm.columns == 0) return;
    Multiplication(environment, gemm).run();
}

void packMatrix(const MatrixView& right, const PanelBlock& block) {
    float* panel = block.panels;
    for (std::int64_t column = block.columnBegin; column < block.columnEnd; column += block.width) {
        if (right.columnStride == 1) {
            packRows(right, block, column, panel);
        } else {
            packStrided(right, block, column, panel);
        }
        panel += block.inner() * block.width;
    }
}

void multiply(const Environment& environment, std::int64_t rows, std::int64_t columns, std::int64_t inner,
              const std::vector<MatrixView>& lefts, const std::vector<MatrixView>& rights,
              const std::vector<float*>& results, std::int64_t resultPitch) {
    Gemm gemm;
    gemm.rows = rows;
    gemm.columns = columns;
    gemm.inner = inner;
    gemm.resultPitch = resultPitch;
    for (std::size_t i = 0; i < lefts.size(); ++i) {
        if (i == 0 || lefts[i].data != lefts[i - 1].data) gemm.lefts.push_back(lefts[i]);
        gemm.items.push_back({gemm.lefts.size() - 1, results[i], nullptr});
    }
    gemm.packRight = [&](std::size_t item, const PanelBlock& block) { packMatrix(rights[item], block); };
    run(environment, gemm);
}

void forEachTask(const Environment& environment, std::int64_t count, const std::function<void(std::int64_t)>& work) {
    std::atomic<std::int64_t> next{0};
    const std::int64_t parts = std::clamp<std::int64_t>(environment.threads, 1, std::max<std::int64_t>(1, count));
    parallelFor(environment, parts, 1, [&](std::int64_t begin, std::int64_t end) {
        for (; begin < end; ++begin) {
            for (std::int64_t task = next++; task < count; task = next++) work(task);
        }
    });
}

template <class T>
void multiplyPlain(const Environment& environment, std::int64_t rows, std::int64_t columns, std::int64_t inner,
                   const T* left, const T* right, T* result) {
    const std::int64_t work = std::max<std::int64_t>(1, columns * std::max<std::int64_t>(1, inner));
    parallelFor(environment, rows, std::max<std::int64_t>(1, 65536 / work), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            T* to = result + i * columns;
            for (std::int64_t l = 0; l < inner; ++l) {
                const T factor = left[i * inner + l];
                const T* from = right + l * columns;
                for (std::int64_t j = 0; j < columns; ++j) to[j] = static_cast<T>(to[j] + factor * from[j]);
            }
        }
    });
}

template void multiplyPlain(const Environment&, std::int64_t, std::int64_t, std::int64_t, const double*, const double*,
                            double*);
template void multiplyPlain(const Environment&, std::int64_t, std::int64_t, std::int64_t, const std::uint32_t*,
                            const std::uint32_t*, std::uint32_t*);
template void multiplyPlain(const Environment&, std::int64_t, std::int64_t, std::int64_t, const std::uint64_t*,
                            const std::uint64_t*, std::uint64_t*);

}  // namespace millrace::model::exec
