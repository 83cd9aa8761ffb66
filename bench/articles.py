# SPDX-License-Identifier: EUPL-1.2
# What reading, listing and searching cost as articles grow in number.
import math
from urllib.parse import quote

import bench

SIZES = ((1_000, "{de,en,ar,tr,uk}"), (10_000, "{de,en,ar,tr,uk}"), (100_000, "{de}"))  # articles, and the languages added with that size

# What people type, and the language they read. Words of the imported articles: often and seldom used ones.
SEARCHES = {
    "one word": [("wohnung", "de"), ("krankenversicherung", "de"), ("kindergarten", "de"), ("doctor", "en"), ("flat", "en")],
    "two words": [("wohnung anmeldung", "de"), ("konto termin", "de"), ("health insurance", "en"), ("school registration", "en")],
    "the beginning of a word": [("anmel", "de"), ("krankenv", "de"), ("insur", "en"), ("regis", "en")],
    "a typing error": [("wohnugn", "de"), ("krankenversicheurng", "de"), ("insurnace", "en"), ("kindergraten", "de")],
    "Arabic, Turkish, Ukrainian": [("التأمين", "ar"), ("سكن", "ar"), ("sigorta", "tr"), ("житло", "uk"), ("страхування", "uk")],
    "nothing to find": [("xylofonquartett", "de"), ("zzqqx ppww", "en"), ("qwrtzp", "tr")],
}
TYPED = [("wo", "de"), ("wohn", "de"), ("krankenv", "de"), ("anm", "de"), ("ins", "en"), ("wohnugn", "de"), ("жит", "uk"), ("سك", "ar")]


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


def asked(path, title, searches, statements, lane):
    """A case of several questions, each by a reader of that language, who also gets the defaults."""
    requests = []
    for q, language in searches:
        languages = ",".join(dict.fromkeys((language, "en", "de")))
        requests.append((f"{path}?q={quote(q)}&lang={language}", {"q": q, "limit": 20, "ctx_languages": f"{{{languages}}}"}))
    return bench.Case(title, None, requests[0][0], statements, requests[0][1], lane=lane, more=requests[1:], few=True)


def searches(articles):
    """Each kind of question and all of them in turn; the latter last."""
    statements = "src/information/search.sql src/information/search.facets.sql"
    kinds = {**SEARCHES, "all of these in turn": sum(SEARCHES.values(), [])}
    return [asked("/v1/search/suggestions", f"suggestions among {articles:,} articles", TYPED, "src/information/list_search_suggestions.sql", "read"),
            *(asked("/v1/search", f"search among {articles:,}: {kind}", some, statements, "slow") for kind, some in kinds.items())]


def latencies(measured):
    lines = ["| request | answers | 50 % | 90 % | 99 % | the slowest |", "| --- | --- | --- | --- | --- | --- |"]
    for case in measured:
        took = sorted(case.took)
        parts = [f"{took[math.ceil(share * len(took)) - 1]:,.0f}" for share in (0.5, 0.9, 0.99, 1)]
        lines.append(f"| {case.title} | {len(took):,} | {' | '.join(parts)} |")
    return "\n".join(lines)


def times(few, many):
    return bench.middle([sum(large) / sum(small) for small, large in zip(few.rounds["welcomed"], many.rounds["welcomed"])], 2)


def growth(by_size, found):
    """How much more the last size costs than the first, for each kind of request; searches than those of the size before."""
    smallest, middle, largest = (size[0] for size in SIZES)
    lines = [f"| request | {largest:,} to {smallest:,} articles | {largest:,} to {middle:,} | expected |", "| --- | --- | --- | --- |"]
    for small, some, large in zip(by_size[smallest], by_size[middle], by_size[largest]):
        lines.append(f"| {large.title} | {times(small, large)} | {times(some, large)} | ≤ 1.5 to {smallest:,} |")
    for some, large in zip(found[middle], found[largest]):
        lines.append(f"| {large.title} | | {times(some, large)} | |")
    return "\n".join(lines)
