/* SPDX-License-Identifier: EUPL-1.2
 * LEMON's network simplex on the same matching, to compare with: reads "guides requests edges", then each guide's places, each
 * request's cost of leaving it out, each edge's "request guide cost"; prints the least cost, and the CPU milliseconds it took. */
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>
#include <vector>

typedef lemon::SmartDigraph Graph;

static double cpu_milliseconds()
{
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1e3 + now.tv_nsec * 1e-6;
}

int main()
{
    long guides, requests, edges;
    if (std::scanf("%ld %ld %ld", &guides, &requests, &edges) != 3)
        return 2;
    Graph graph;
    graph.reserveNode(guides + requests + 2);
    graph.reserveArc(guides + 2 * requests + edges);
    std::vector<Graph::Node> guide(guides), request(requests);
    for (auto &node : guide)
        node = graph.addNode();
    for (auto &node : request)
        node = graph.addNode();
    const Graph::Node source = graph.addNode(), target = graph.addNode();
    Graph::ArcMap<std::int64_t> capacity(graph), cost(graph);
    const auto arc = [&](Graph::Node from, Graph::Node to, std::int64_t most, std::int64_t price) {
        const Graph::Arc made = graph.addArc(from, to);
        capacity[made] = most;
        cost[made] = price;
    };
    long long figure, r, g;
    for (auto &node : guide) {
        if (std::scanf("%lld", &figure) != 1)
            return 2;
        arc(node, target, figure, 0);
    }
    for (auto &node : request) {
        if (std::scanf("%lld", &figure) != 1)
            return 2;
        arc(source, node, 1, 0);
        arc(node, target, 1, figure);
    }
    for (long i = 0; i < edges; i++) {
        if (std::scanf("%lld %lld %lld", &r, &g, &figure) != 3)
            return 2;
        arc(request[r], guide[g], 1, figure);
    }
    const double start = cpu_milliseconds();
    lemon::NetworkSimplex<Graph, std::int64_t, std::int64_t> simplex(graph);
    simplex.upperMap(capacity).costMap(cost).stSupply(source, target, requests);
    if (simplex.run() != lemon::NetworkSimplex<Graph, std::int64_t, std::int64_t>::OPTIMAL)
        return 1;
    std::printf("%lld %.3f\n", static_cast<long long>(simplex.totalCost()), cpu_milliseconds() - start);
    return 0;
}
