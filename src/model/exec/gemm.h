#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "model/exec/kernel.h"

/// Matrix products in single precision: packed, blocked, on all threads.
///
/// Each sum takes its products in the order of the inner index, each with one rounding (std::fma), whatever the blocks,
/// the threads and the machine.
namespace millrace::model::exec {

/// Element (i, j) is data[i * rowStride + j * columnStride].
struct MatrixView {
    const float* data = nullptr;
    std::int64_t rowStride = 0;
    std::int64_t columnStride = 1;

    MatrixView transposed() const { return {data, columnStride, rowStride}; }
};

/// A block of the right-hand matrix, which is written as panels: panel p holds columns [p * width, (p + 1) * width) of
/// the block as [inner][width].
struct PanelBlock {
    std::int64_t innerBegin, innerEnd;
    std::int64_t columnBegin, columnEnd;
    int width;
    float* panels;

    std::int64_t inner() const { return innerEnd - innerBegin; }
    std::int64_t columns() const { return columnEnd - columnBegin; }
};

/// One product of a batch: result[i * resultPitch + j] = start[i] + sum over l of left(i, l) * right(l, j).
struct GemmItem {
    std::size_t left = 0;  ///< index into Gemm::lefts
    float* result = nullptr;
    const float* start = nullptr;  ///< one per row; null: zeros
};

struct Gemm {
    std::int64_t rows = 0, columns = 0, inner = 0;
    std::vector<MatrixView> lefts;  ///< the different left-hand matrices; each is packed once
    std::vector<GemmItem> items;
    std::int64_t resultPitch = 0;
    /// Writes a block of the right-hand matrix of an item. Columns beyond the block's end within its last panel may be
    /// left as they are. It may write up to 16 floats beyond the end of the panels. Called from several threads.
    std::function<void(std::size_t item, const PanelBlock& block)> packRight;
};

void run(const Environment& environment, const Gemm& gemm);

/// `packRight` of an ordinary matrix.
void packMatrix(const MatrixView& right, const PanelBlock& block);

/// A batch of products of ordinary matrices. lefts, rights and results have one entry per item; equal neighbours among
/// `lefts` are packed once.
void multiply(const Environment& environment, std::int64_t rows, std::int64_t columns, std::int64_t inner,
              const std::vector<MatrixView>& lefts, const std::vector<MatrixView>& rights,
              const std::vector<float*>& results, std::int64_t resultPitch);

/// Calls work(i) for 0 <= i < count, each index on whichever thread is free.
void forEachTask(const Environment& environment, std::int64_t count, const std::function<void(std::int64_t)>& work);

/// The plain product of any type, result [rows, columns] = left [rows, inner] * right [inner, columns], all row-major;
/// sums in the order of the inner index. Adds to what `result` holds.
template <class T>
void multiplyPlain(const Environment& environment, std::int64_t rows, std::int64_t columns, std::int64_t inner,
                   const T* left, const T* right, T* result);

}  // namespace millrace::model::exec
