// Included once by each source that builds the kernels of tiles.h for one instruction set, inside its namespace, after
// it has defined Lanes, kLanes, LANES_TARGET and the functions load, store, spread and multiplyAdd. No guard: on
// purpose. NOLINTBEGIN(misc-definitions-in-headers)

#if defined(__clang__)
#define LANES_UNROLL _Pragma("unroll")
#else
#define LANES_UNROLL _Pragma("GCC unroll 16")
#endif

template <int Rows, int Vectors>
LANES_TARGET void tile(std::int64_t depth, const float* left, const float* right, float* result, std::int64_t pitch,
                       TileStart start, const float* initial) {
    Lanes sum[Rows][Vectors];
    LANES_UNROLL
    for (int r = 0; r < Rows; ++r) {
        LANES_UNROLL
        for (int v = 0; v < Vectors; ++v) {
            if (start == TileStart::result) {
                sum[r][v] = load(result + r * pitch + v * kLanes);
            } else {
                sum[r][v] = spread(start == TileStart::initial ? initial[r] : 0.0F);
            }
        }
    }
    for (std::int64_t k = 0; k < depth; ++k) {
        Lanes b[Vectors];
        LANES_UNROLL
        for (int v = 0; v < Vectors; ++v) b[v] = load(right + v * kLanes);
        LANES_UNROLL
        for (int r = 0; r < Rows; ++r) {
            const Lanes a = spread(left[r]);
            LANES_UNROLL
            for (int v = 0; v < Vectors; ++v) sum[r][v] = multiplyAdd(a, b[v], sum[r][v]);
        }
        left += Rows;
        right += Vectors * kLanes;
    }
    LANES_UNROLL
    for (int r = 0; r < Rows; ++r) {
        LANES_UNROLL
        for (int v = 0; v < Vectors; ++v) store(result + r * pitch + v * kLanes, sum[r][v]);
    }
}

template <int Vectors>
LANES_TARGET void weightedPiece(const float* source, const std::int64_t* offsets, const float* weights,
                                std::int64_t taps, float initial, float* result) {
    Lanes sum[Vectors];
    LANES_UNROLL
    for (int v = 0; v < Vectors; ++v) sum[v] = spread(initial);
    for (std::int64_t t = 0; t < taps; ++t) {
        const Lanes weight = spread(weights[t]);
        const float* from = source + offsets[t];
        LANES_UNROLL
        for (int v = 0; v < Vectors; ++v) sum[v] = multiplyAdd(weight, load(from + v * kLanes), sum[v]);
    }
    LANES_UNROLL
    for (int v = 0; v < Vectors; ++v) store(result + v * kLanes, sum[v]);
}

LANES_TARGET void weightedSum(const float* source, const std::int64_t* offsets, const float* weights, std::int64_t taps,
                              float initial, float* result, std::int64_t count) {
    std::int64_t i = 0;
    for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
        weightedPiece<4>(source + i, offsets, weights, taps, initial, result + i);
    }
    for (; i < count; i += kLanes) weightedPiece<1>(source + i, offsets, weights, taps, initial, result + i);
}

template <int Vectors, int... Rows>
void addTiles(TileKernels& kernels, std::integer_sequence<int, Rows...> /*rows*/) {
    ((kernels.tiles[Vectors - 1][Rows] = tile<Rows + 1, Vectors>), ...);
}

template <int Rows>
TileKernels makeKernels() {
    TileKernels kernels;
    kernels.lanes = kLanes;
    kernels.rows = Rows;
    addTiles<1>(kernels, std::make_integer_sequence<int, Rows>());
    addTiles<2>(kernels, std::make_integer_sequence<int, Rows>());
    kernels.weightedSum = weightedSum;
    return kernels;
}

#undef LANES_UNROLL
// NOLINTEND(misc-definitions-in-headers)
