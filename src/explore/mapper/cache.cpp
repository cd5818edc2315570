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
        add("|o{},{},{},{},{}", static_cast<int>(options.objective), options.lpfLimit, options.even,
            options.spatialCandidates, options.mixedSpatial);
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

std::optional<Mapping> Cache::map(const Request& request, Diagnostics& diagnostics) {
    std::string key = Key(request).take();
    std::shared_ptr<const Answer> answer;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = answers_.find(key); found != answers_.end()) answer = found->second;
    }
    if (answer && answer->mapping) return answer->mapping;
    // A failure is asked again: its message names the layer and the core.
    std::optional<Mapping> mapping = mapper::map(request, diagnostics);
    if (!answer) {
        const std::lock_guard lock(mutex_);
        answers_.try_emplace(std::move(key), std::make_shared<const Answer>(Answer{mapping}));
    }
    return mapping;
}

std::size_t Cache::size() const {
    const std::lock_guard lock(mutex_);
    return answers_.size();
}

std::int64_t Cache::evaluations() const {
    const std::lock_guard lock(mutex_);
    std::int64_t sum = 0;
    for (const auto& [key, answer] : answers_) {
        if (answer->mapping) sum += answer->mapping->evaluations;
    }
    return sum;
}

}  // namespace millrace::mapper
