# SPDX-License-Identifier: EUPL-1.2
# What reading and searching cost as articles grow in number; the parts of `make bench` that are about content.
import bench

SIZES = ((1_000, "{de,en,ar,tr,uk}"), (10_000, "{de,en,ar,tr,uk}"), (100_000, "{de}"))  # articles, and the languages added with that size


def fill(articles, languages):
    bench.psql("-v", f"articles={articles}", "-v", f"languages={languages}", "-f", bench.ROOT / "bench/articles.sql")


def cases(articles):
    """What is measured with so many articles; 1,000 are the yardstick of the others."""
    languages = {"ctx_languages": "{en,de}"}
    return [
        bench.Case(f"point read among {articles:,} articles", 1.7, "/v1/articles/en-page-17?lang=en", "src/information/get_article.sql",
                   {"slug": "en-page-17", **languages}),
        bench.Case(f"list of 20 among {articles:,} articles", 1.7, "/v1/articles?lang=en", "src/information/list_articles.sql",
                   {"limit": 20, **languages}),
    ]


def growth(measured):
    """How much more the last size costs than the first, for each kind of request."""
    first, last = (measured[size[0]] for size in (SIZES[0], SIZES[-1]))
    lines = ["| request | 100,000 to 1,000 articles | expected |", "| --- | --- | --- |"]
    for small, large in zip(first, last):
        ratios = [sum(many) / sum(few) for few, many in zip(small.rounds["welcomed"], large.rounds["welcomed"])]
        lines.append(f"| {large.title} | {bench.middle(ratios, 2)} | ≤ 1.5 |")
    return "\n".join(lines)


def measure(rounds, seconds):
    """({articles: [Case]}, cases by size in order)"""
    measured = {}
    for articles, languages in SIZES:
        fill(articles, languages)
        daemon = bench.Daemon()
        measured[articles] = cases(articles)
        for _ in range(rounds):
            for case in measured[articles]:
                bench.measure(case, daemon, seconds)
        daemon.stop()
    return measured
