#include "explore/steady/formulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "explore/steady/loads.h"

namespace millrace::steady {

namespace {

using Terms = std::vector<Term>;
/// A sum of decisions: coefficient by variable.
using Sum = std::map<std::size_t, double>;

void add(Terms& terms, const Sum& sum, double sign) {
    for (const auto& [variable, coefficient] : sum) {
        if (coefficient != 0) terms.push_back({variable, sign * coefficient});
    }
}

class Builder {
public:
    Builder(const Problem& problem, double most, bool slack)
        : problem_(problem), most_(std::isfinite(most) ? most : horizon(problem)), slack_(slack) {
        latency_ = model().add({"T", 0, most_, false, slack ? 0.0 : 1.0});
        options();
        passings();
        for (std::size_t k = 0; k < problem.phases(); ++k) taken_.push_back(time(fmt::format("Z{}", k)));
        for (const Node& node : problem.nodes) {
            starts_.push_back(time("a " + node.name));
            ends_.push_back(time("e " + node.name));
        }
        cores();
        links();
        nodes();
        edges();
        memories();
    }

    Formulation take() { return std::move(result_); }

private:
    Model& model() { return result_.model; }
    std::size_t time(std::string name) { return model().add({std::move(name), 0, kInfinite, false, 0}); }

    void options() {
        for (const Node& node : problem_.nodes) {
            result_.options.emplace_back();
            Terms one;
            for (std::size_t i = 0; i < node.options.size(); ++i) {
                const std::size_t x = model().add({fmt::format("x {} {}", node.name, i), 0, 1, true, 0});
                result_.options.back().push_back(x);
                one.push_back({x, 1});
            }
            model().equal("one option of " + node.name, one, 1);
        }
    }

    /// (2): y is the product of two decisions; where one of the layers has a single option it is the other's.
    void passings() {
        for (const Edge& edge : problem_.edges) {
            const auto& from = result_.options[edge.from];
            const auto& to = result_.options[edge.to];
            products_.emplace_back();
            std::vector<Terms> rows(from.size()), columns(to.size());
            for (std::size_t p = 0; p < from.size(); ++p) {
                for (std::size_t q = 0; q < to.size(); ++q) {
                    std::size_t y = from.size() == 1 ? to[q] : from[p];
                    if (from.size() > 1 && to.size() > 1) {
                        y = model().add({fmt::format("y {} {} {} {}", edge.from, p, edge.to, q), 0, 1, false, 0});
                        rows[p].push_back({y, 1});
                        columns[q].push_back({y, 1});
                    }
                    products_.back().push_back(y);
                }
            }
            for (std::size_t p = 0; p < rows.size() && !rows[p].empty(); ++p) {
                rows[p].push_back({from[p], -1});
                model().equal(fmt::format("passings of option {} of {}", p, problem_.nodes[edge.from].name), rows[p],
                              0);
            }
            for (std::size_t q = 0; q < columns.size() && !columns[q].empty(); ++q) {
                columns[q].push_back({to[q], -1});
                model().equal(fmt::format("passings to option {} of {}", q, problem_.nodes[edge.to].name), columns[q],
                              0);
            }
        }
    }

    template <class Value>
    Sum over(std::size_t node, Value&& value) const {
        Sum sum;
        for (std::size_t i = 0; i < result_.options[node].size(); ++i)
            sum[result_.options[node][i]] += value(problem_.nodes[node].options[i]);
        return sum;
    }
    template <class Value>
    Sum overPassings(std::size_t edge, Value&& value) const {
        Sum sum;
        for (std::size_t i = 0; i < products_[edge].size(); ++i)
            sum[products_[edge][i]] += value(problem_.edges[edge].passings[i]);
        return sum;
    }
    static void merge(Sum& into, const Sum& from) {
        for (const auto& [variable, coefficient] : from) into[variable] += coefficient;
    }

    /// `variable >= others + sum`.
    void after(std::string name, std::size_t variable, const std::vector<std::size_t>& others, const Sum& sum,
               double constant = 0) {
        if (others.empty() && sum.empty()) return;
        Terms terms{{variable, 1}};
        for (const std::size_t other : others) terms.push_back({other, -1});
        add(terms, sum, -1);
        model().atLeast(std::move(name), std::move(terms), constant);
    }

    bool uses(std::size_t node, std::size_t core) const {
        const auto& options = problem_.nodes[node].options;
        return std::any_of(options.begin(), options.end(),
                           [&](const Option& option) { return has(option.work, core); });
    }

    /// `later >= earlier` if the node runs on the core.
    void ifUsed(std::string name, std::size_t later, std::size_t earlier, std::size_t node, std::size_t core) {
        Terms terms{{later, 1}, {earlier, -1}};
        bool always = true;
        Terms unused;
        for (std::size_t i = 0; i < result_.options[node].size(); ++i) {
            const bool used = has(problem_.nodes[node].options[i].work, core);
            always = always && used;
            if (!used) unused.push_back({result_.options[node][i], most_});
        }
        if (!always) terms.insert(terms.end(), unused.begin(), unused.end());
        model().atLeast(std::move(name), std::move(terms), 0);
    }

    /// (3), (6), (11).
    void cores() {
        for (std::size_t c = 0; c < problem_.cores.size(); ++c) {
            std::size_t before = kNothing;
            for (std::size_t k = 0; k < problem_.phases(); ++k) {
                Sum work;
                bool used = false;
                for (std::size_t n = 0; n < problem_.nodes.size(); ++n) {
                    if (problem_.nodes[n].phase != k || !uses(n, c)) continue;
                    used = true;
                    merge(work, over(n, [&](const Option& option) { return cyclesOn(option.work, c); }));
                    if (before != kNothing) ifUsed("order on " + problem_.cores[c], starts_[n], before, n, c);
                }
                if (!used) continue;
                after("pace of " + problem_.cores[c], taken_[k], {}, work);
                const std::size_t free = time(fmt::format("R {} {}", k, c));
                after("work of " + problem_.cores[c], free, before == kNothing ? Others{} : Others{before}, work);
                for (std::size_t n = 0; n < problem_.nodes.size(); ++n) {
                    if (problem_.nodes[n].phase == k && uses(n, c))
                        ifUsed("end on " + problem_.cores[c], free, ends_[n], n, c);
                }
                before = free;
            }
            if (before != kNothing) after("last of " + problem_.cores[c], latency_, {before}, {});
        }
    }

    /// (4), (9), (12).
    void links() {
        for (std::size_t r = 0; r < problem_.links.size(); ++r) {
            std::size_t before = kNothing;
            Sum all;
            for (std::size_t k = 0; k < problem_.phases(); ++k) {
                Sum streams, going, load;
                for (std::size_t n = 0; n < problem_.nodes.size(); ++n) {
                    if (problem_.nodes[n].phase != k) continue;
                    merge(streams, over(n, [&](const Option& option) { return cyclesOn(option.streams, r); }));
                    merge(going, over(n, [&](const Option& option) { return cyclesOn(option.leavings, r); }));
                    merge(load, over(n, [&](const Option& option) { return cyclesOn(option.fetches, r); }));
                }
                for (std::size_t e = 0; e < problem_.edges.size(); ++e) {
                    if (problem_.nodes[problem_.edges[e].to].phase != k) continue;
                    merge(streams,
                          overPassings(e, [&](const Passing& passing) { return cyclesOn(passing.streams, r); }));
                }
                merge(load, streams);
                merge(all, load);
                merge(all, going);
                merge(streams, going);
                after("pace of " + problem_.links[r], taken_[k], {}, streams);
                open(k, r, before);
                if (problem_.carries[k][r]) before = fetch(k, r, before, load);
            }
            after("all of " + problem_.links[r], latency_, {}, all);
            for (const auto& [variable, cycles] : all) {
                if (!slack_) model().variables[variable].cost += problem_.trafficWeight * cycles;
            }
        }
    }

    /// (5): the first tiles' weights of a phase come in the order of its layers.
    void open(std::size_t k, std::size_t link, std::size_t before) {
        Sum opened;
        for (std::size_t n = 0; n < problem_.nodes.size(); ++n) {
            if (problem_.nodes[n].phase != k) continue;
            merge(opened, over(n, [&](const Option& option) { return cyclesOn(option.opens, link); }));
            if (!problem_.mayOpen[n][link]) continue;
            after("weights of " + problem_.nodes[n].name, starts_[n], before == kNothing ? Others{} : Others{before},
                  opened);
            if (problem_.hasOpener(k))
                after("weights of " + problem_.nodes[n].name, starts_[n], {starts_[firstOf(problem_.opener(k))]},
                      opened);
        }
    }

    std::size_t fetch(std::size_t k, std::size_t link, std::size_t before, const Sum& load) {
        const std::size_t fetched = time(fmt::format("F {} {}", k, link));
        after("fetches over " + problem_.links[link], fetched, before == kNothing ? Others{} : Others{before}, load);
        const std::size_t ahead = problem_.ahead[k];
        if (ahead <= k) after("not before its phase's turn", fetched, {starts_[firstOf(k - ahead)]}, load);
        for (std::size_t n = 0; n < problem_.nodes.size(); ++n) {
            if (problem_.nodes[n].phase != k || !isSink(n)) continue;
            after("data of " + problem_.nodes[n].name, ends_[n], {fetched}, tileOf(n));
        }
        return fetched;
    }

    Sum tileOf(std::size_t node) const {
        return over(node, [](const Option& option) { return option.tile; });
    }
    bool isSink(std::size_t node) const {
        return std::none_of(problem_.edges.begin(), problem_.edges.end(), [&](const Edge& edge) {
            return edge.from == node && problem_.nodes[edge.to].phase == problem_.nodes[node].phase;
        });
    }
    std::size_t firstOf(std::size_t phase) const {
        std::size_t n = 0;
        while (problem_.nodes[n].phase != phase) ++n;
        return n;
    }

    /// (5), (8), (12).
    void nodes() {
        for (std::size_t n = 0; n < problem_.nodes.size(); ++n) {
            const Node& node = problem_.nodes[n];
            after("arrival of " + node.name, starts_[n], {},
                  over(n, [](const Option& option) { return option.arrives; }));
            Terms terms{{ends_[n], 1}, {starts_[n], -1}};
            if (node.steps > 1) terms.push_back({taken_[node.phase], -(1 - 1 / node.steps)});
            add(terms, tileOf(n), -1);
            model().atLeast("pace of " + node.name, std::move(terms), 0);
            after("last of " + node.name, latency_, {ends_[n]},
                  over(n, [](const Option& option) { return option.leaves; }));
        }
    }

    /// (7), (10).
    void edges() {
        for (std::size_t e = 0; e < problem_.edges.size(); ++e) {
            const Edge& edge = problem_.edges[e];
            after("head of " + problem_.nodes[edge.to].name, starts_[edge.to],
                  {edge.whole ? ends_[edge.from] : starts_[edge.from]},
                  overPassings(e, [](const Passing& passing) { return passing.head; }));
            after("tail of " + problem_.nodes[edge.to].name, ends_[edge.to], {ends_[edge.from]},
                  overPassings(e, [](const Passing& passing) { return passing.tail; }));
        }
    }

    /// (13).
    void memories() {
        result_.lacks.resize(problem_.phases());
        for (std::size_t k = 0; k < problem_.phases(); ++k) {
            for (std::size_t m = 0; m < problem_.memories.size(); ++m) memory(k, m);
        }
    }

    void memory(std::size_t k, std::size_t m) {
        const Memory& memory = problem_.memories[m];
        // Shares of the memory: bits would be large numbers beside cycles.
        const double scale = std::max(memory.bits, 1.0);
        const std::size_t used = model().add({fmt::format("W {} {}", k, m), 0, kInfinite, false, 0});
        Sum kept;
        for (std::size_t n = 0; n < problem_.nodes.size(); ++n) {
            if (problem_.nodes[n].phase != k) continue;
            merge(kept, over(n, [&](const Option& option) { return bitsIn(option.keeps, m) / scale; }));
            const Sum uses = over(n, [&](const Option& option) { return bitsIn(option.uses, m) / scale; });
            after("data under work in " + memory.name, used, {}, uses);
        }
        Terms terms{{used, 1}};
        add(terms, kept, 1);
        if (slack_) {
            const std::size_t lack = model().add({fmt::format("lack {} {}", k, m), 0, kInfinite, false, 1});
            result_.lacks[k].push_back(lack);
            terms.push_back({lack, -1});
        }
        model().atMost("room in " + memory.name, std::move(terms), memory.bits / scale);
    }

    using Others = std::vector<std::size_t>;
    static constexpr std::size_t kNothing = static_cast<std::size_t>(-1);

    const Problem& problem_;
    double most_;
    bool slack_;
    Formulation result_;
    std::size_t latency_ = 0;
    std::vector<std::vector<std::size_t>> products_;  ///< y, by edge
    std::vector<std::size_t> taken_;                  ///< Z, by phase
    std::vector<std::size_t> starts_, ends_;          ///< by node
};

}  // namespace

Formulation formulate(const Problem& problem, double most, bool slack) { return Builder(problem, most, slack).take(); }

Choice choiceOf(const Formulation& formulation, const std::vector<double>& values) {
    Choice choice;
    for (const auto& variables : formulation.options) {
        const auto best = std::max_element(variables.begin(), variables.end(),
                                           [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
        choice.push_back(static_cast<std::size_t>(best - variables.begin()));
    }
    return choice;
}

}  // namespace millrace::steady
