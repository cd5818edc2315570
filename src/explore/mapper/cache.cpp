#include <fmt/format.h>

#include <iterator>

#include "explore/cost/imc.h"
#include "explore/mapper/mapper.h"

namespace millrace::mapper {
namespace {

/// Writes everything that an answer depends on, and no name that it does not: loops keep theirs (ties follow them).
class Key {
public:
    explicit Key(const Request& request) {
        nest(request.nest);
        core(request.core);
        for (const hardware::Dataflow& flow : request.spatial) {
            add("|D{}", flow.dimension);
            for (const hardware::Unrolling& unrolling : flow.unrollings)
                add(",{}:{}", unrolling.loop, unrolling.factor);
        }
        for (const mapping::SpatialHint& hint : request.spatialHint) {
            add("|H{}", hint.arrayDimension);
            for (const std::string& loop : hint.loops) add(",{}", loop);
        }
        for (const mapping::TemporalLoop& loop : request.temporal) add("|T{}:{}", loop.dim, loop.size.value_or(0));
        const Options& options = request.options;
        for (const std::string& name : options.corrections.names()) add("|x{}", name);
        add("|o{},{},{},{},{},{},{}", static_cast<int>(options.engine), static_cast<int>(options.objective),
            options.lpfLimit, options.even, options.spatialCandidates, options.mixedSpatial, options.spatialSearch);
    }

    std::string take() { return std::move(text_); }

private:
    template <class... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    }

    void nest(const cost::Nest& nest) {
        for (const cost::Dim& dim : nest.dims) add("{}{};", dim.name, dim.size);
        for (const cost::Relation& relation : nest.relations) {
            add("R{},{},{},{},{};", relation.dims[0], relation.dims[1], relation.coefficients[0],
                relation.coefficients[1], relation.cap);
        }
        for (const cost::Operand& operand : nest.operands) {
            add("|{},{},{},{},{}", static_cast<int>(operand.role), operand.bits, operand.relevantMask,
                operand.irrelevantMask, operand.partial);
            for (const cost::DimIndex dim : operand.relevant) add(",{}", dim);
        }
        add("|f{}", nest.finalBits);
    }

    void core(const hardware::Core& core) {
        add("|a{:a}", core.array.unitEnergy);
        for (const hardware::ArrayDimension& dimension : core.array.dimensions)
            add(",{}:{}", dimension.name, dimension.size);
        if (const auto imc = cost::imcArrayOf(core)) {
            add("|i{},{},{},{},{},{}", imc->kind.analog, imc->kind.activationBits, imc->kind.weightBits,
                imc->serialBits, imc->kind.adcResolution, imc->weightsPerCell);
        }
        for (const hardware::Memory& memory : core.memories) {
            add("|m{},{:a},{:a}", memory.size.value(), memory.readCost, memory.writeCost);
            for (const hardware::MemoryOperand operand : memory.operands) add(",{}", static_cast<int>(operand));
            add(",b{:d}", memory.forceDoubleBuffering);
            for (const std::size_t served : memory.servedDimensions) add(",D{}", served);
            for (const hardware::Port& port : memory.ports) {
                add(",p{},{}", port.bandwidthMin, port.bandwidthMax);
                for (const hardware::PortUse& use : port.uses)
                    add(":{}{}", static_cast<int>(use.operand), static_cast<int>(use.direction));
            }
        }
    }

    std::string text_;
};

}  // namespace

std::string Cache::key(const Request& request) { return Key(request).take(); }

Cache::Answer& Cache::answerTo(std::string question) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Answer>& answer = answers_[std::move(question)];
    if (!answer) answer = std::make_unique<Answer>();
    return *answer;
}

std::optional<Mapping> Cache::map(const Request& request, Diagnostics& diagnostics) {
    Answer& answer = answerTo(key(request));
    const std::lock_guard lock(answer.asking);
    // A failure is asked again: its message names the layer and the core.
    if (answer.mappings.empty()) {
        if (auto mapping = mapper::map(request, diagnostics)) answer.mappings.push_back(std::move(*mapping));
    }
    if (answer.mappings.empty()) return std::nullopt;
    return answer.mappings.front();
}

std::vector<Mapping> Cache::front(const Request& request, Diagnostics& diagnostics) {
    Answer& answer = answerTo(key(request) + "|front");
    const std::lock_guard lock(answer.asking);
    if (answer.mappings.empty()) answer.mappings = mapper::front(request, diagnostics);
    return answer.mappings;
}

std::size_t Cache::size() const {
    const std::lock_guard lock(mutex_);
    return answers_.size();
}

std::int64_t Cache::evaluations() const {
    const std::lock_guard lock(mutex_);
    std::int64_t sum = 0;
    for (const auto& [key, answer] : answers_) {
        if (!answer->mappings.empty()) sum += answer->mappings.front().evaluations;
    }
    return sum;
}

}  // namespace millrace::mapper
