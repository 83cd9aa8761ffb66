# SPDX-License-Identifier: EUPL-1.2
# Texts and data keep the forms content/README.md states: complete in every language, unambiguous, plain to read.
import csv
import datetime
import json
import pathlib
import re
import unicodedata

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTENT = ROOT / "content"
PLACEHOLDER = re.compile(r"{(\w+)}")
MAIL_LANGUAGES = {"de": "ltr", "en": "ltr", "tr": "ltr", "ar": "rtl", "uk": "ltr"}
DIRECTION_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def read_json(path):
    """The file's JSON; a name given twice is a fault."""
    def unique(pairs):
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), f"{path}: {names}"
        return dict(pairs)
    return json.loads((CONTENT / path).read_text(encoding="utf-8"), object_pairs_hook=unique)


def read_table(path):
    with open(CONTENT / path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def links_of(body):
    return re.findall(r"\]\(([^)]*)\)", body)


def front_matter(path):
    """The YAML head, as text, and the body of a Markdown file."""
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert body.startswith("\n") and body[1:2].strip(), path
    return head, body[1:]


def texts(value):
    """All strings anywhere in a value."""
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, str):
        yield value
    elif hasattr(value, "__iter__"):
        for item in value:
            yield from texts(item)


def is_date(text):
    return isinstance(text, str) and datetime.date.fromisoformat(text).isoformat() == text


PROBLEMS = read_json("texts/problems.json")
MAILS = {path.stem: read_json(path) for path in (CONTENT / "mail").iterdir()}
TOPICS = read_json("reference/topics.json")
CITIES = read_json("reference/cities.json")["cities"]
LANGUAGES = {row["tag"]: row for row in read_table("reference/languages.csv")}
ARTICLES = sorted(path for path in (CONTENT / "articles").iterdir())
TRANSLATIONS = sorted(CONTENT.glob("articles/*/*.md"))
RULES = sorted(path for path in (CONTENT / "checklist").iterdir())
HOLIDAYS = yaml.safe_load((CONTENT / "reference/holidays.yaml").read_text(encoding="utf-8"))["holidays"]
LEGAL_TEXTS = sorted(CONTENT.glob("legal/*.md"))
PLACES, STORIES = sorted(CONTENT.glob("places/*")), sorted(CONTENT.glob("stories/*"))
DEMO = sorted(CONTENT.glob("demo/*/*"))
THINGS = PLACES + STORIES + DEMO
THING_TEXTS = sorted(path for folder in THINGS for path in folder.glob("*.md"))
CATEGORIES = read_json("reference/place_categories.json")["categories"]
SLUGS = {topic["slug"] for topic in TOPICS["topics"]}
AUDIENCES = {audience["code"] for audience in TOPICS["audiences"]}
STAGES = {stage["code"] for stage in TOPICS["stages"]}
AREAS = [path for path in CONTENT.rglob("*") if path.is_file()]


def name(path):
    return str(path.relative_to(CONTENT))


@pytest.mark.parametrize("path", AREAS, ids=name)
def test_a_file_is_composed_utf8_with_plain_line_ends(path):
    text = path.read_bytes().decode("utf-8")
    assert text.endswith("\n") and "\r" not in text and "\ufeff" not in text and "\ufffd" not in text
    assert unicodedata.is_normalized("NFC", text)


# Problems, faults, explanations

def test_every_problem_code_has_a_status_and_all_texts_in_both_languages():
    for code, problem in PROBLEMS["problems"].items():
        assert re.fullmatch("[a-z_]+", code)
        assert 400 <= problem["status"] <= 599
        assert set(problem) == {"status", "title", "detail", "explanation"}
        for part in ("title", "detail", "explanation"):
            assert set(problem[part]) == {"en", "de"} and all(problem[part].values()), code
            assert not any(PLACEHOLDER.search(text) for text in problem[part].values())
        assert all(len(title) <= 50 and not title.endswith(".") for title in problem["title"].values())


def test_faults_and_explanations_have_the_same_placeholders_in_both_languages():
    for section in ("faults", "explanations", "levels", "calendars", "exports"):
        for code, sentence in PROBLEMS[section].items():
            assert set(sentence) == {"en", "de"}, code
            assert set(PLACEHOLDER.findall(sentence["en"])) == set(PLACEHOLDER.findall(sentence["de"])), code
            assert section != "faults" or set(PLACEHOLDER.findall(sentence["en"])) <= {"limit"}


def test_the_print_form_speaks_each_language_that_articles_are_written_in():
    for key, sentence in read_json("texts/print.json")["print"].items():
        assert set(sentence) == {path.stem for path in TRANSLATIONS}, key
        expected = ["value"] if key in ("fallback", "updated", "reviewed") else []
        assert all(PLACEHOLDER.findall(text) == expected and not re.search("[<>&]", text) for text in sentence.values()), key


def test_every_hard_rule_and_every_level_has_words():
    assert {f"H{number}" for number in range(1, 8)} <= set(PROBLEMS["explanations"])
    assert set(PROBLEMS["levels"]) == {"A1", "A2", "B1", "B2", "C1", "C2", "native"}


def test_every_problem_code_of_the_contract_has_texts():
    contract = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    codes = contract["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert set(codes) <= set(PROBLEMS["problems"])


# Mails

def test_the_mails_exist_in_their_languages_and_directions():
    assert {language: mail["dir"] for language, mail in MAILS.items()} == MAIL_LANGUAGES
    assert all(mail["language"] == language for language, mail in MAILS.items())


@pytest.mark.parametrize("language", MAIL_LANGUAGES)
def test_a_mail_says_the_same_in_every_language(language):
    mail, model = MAILS[language], MAILS["en"]
    assert list(mail) == list(model) and list(mail["templates"]) == list(model["templates"])
    for part in ("greeting", "greeting_unnamed", "signature", "link_hint", "footer"):
        assert PLACEHOLDER.findall(mail[part]) == PLACEHOLDER.findall(model[part])
    for template, text in mail["templates"].items():
        same = model["templates"][template]
        assert list(text) == ["subject", "paragraphs", "action"]
        assert (text["action"] is None) == (same["action"] is None), template
        assert text["subject"] and not PLACEHOLDER.search(text["subject"]), template
        placeholders = [set(PLACEHOLDER.findall(paragraph)) for paragraph in text["paragraphs"]]
        assert placeholders == [set(PLACEHOLDER.findall(paragraph)) for paragraph in same["paragraphs"]], template


def test_what_data_name_by_a_code_has_words_in_every_language():
    words = MAILS["en"]["values"]
    assert set(words["outcome"]) == {"helped", "partly", "referred", "unreachable", "not_helped"}
    assert set(words["asker"]) == {"company", "newcomer", "partner"}
    for mail in MAILS.values():
        assert {name: list(codes) for name, codes in mail["values"].items()} == {name: list(codes) for name, codes in words.items()}
        assert all(text and not PLACEHOLDER.search(text) for codes in mail["values"].values() for text in codes.values())


def test_mails_are_told_apart_by_their_subjects():
    for mail in MAILS.values():
        subjects = [text["subject"] for template, text in mail["templates"].items() if template != "match_ended_guide"]
        assert len(set(subjects)) == len(subjects)


def test_a_promise_that_reaches_people_abroad_names_the_clock():
    clocks = {"de": "(Zeit in Deutschland)", "en": "(time in Germany)", "tr": "(Almanya saatiyle)", "ar": "(بتوقيت ألمانيا)", "uk": "(за часом Німеччини)"}
    for language, mail in MAILS.items():
        told = [paragraph for text in mail["templates"].values() for paragraph in text["paragraphs"] if re.search("{(answer|result)_due_at}", paragraph)]
        assert told and all(clocks[language] in paragraph for paragraph in told)


def test_only_mails_about_a_match_carry_an_address():
    for template, text in MAILS["en"]["templates"].items():
        assert ("{other_email}" in " ".join(text["paragraphs"])) == (template in ("match_guide", "match_newcomer"))


def test_every_template_is_listed_with_its_placeholders():
    listed = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", (CONTENT / "README.md").read_text(encoding="utf-8"), re.M))
    for template, text in MAILS["en"]["templates"].items():
        assert set(re.findall(r"`(\w+)`", listed[template])) == set(PLACEHOLDER.findall(" ".join(text["paragraphs"])))


@pytest.mark.parametrize("language", MAIL_LANGUAGES)
def test_mails_leave_direction_to_the_mailer(language):
    assert not any(DIRECTION_MARKS.search(text) for text in texts(MAILS[language]))


def test_arabic_mails_use_arabic_punctuation():
    words = [PLACEHOLDER.sub("", text) for text in texts(MAILS["ar"]["templates"])]
    assert not any(re.search("[,;?]", text) for text in words)


# Reference data

def test_neighbours_are_mutual():
    neighbours = {city["slug"]: set(city["neighbours"]) for city in CITIES}
    assert all(slug in neighbours[other] for slug, others in neighbours.items() for other in others)


def test_languages_have_a_name_of_their_own_and_a_direction():
    assert {"de", "en", "de-simple", *MAIL_LANGUAGES} <= set(LANGUAGES)
    assert all(row["endonym_ui"] and row["dir"] in ("ltr", "rtl") for row in LANGUAGES.values())


def test_related_languages_are_known_ordered_and_explained():
    pairs = [(row["tag_a"], row["tag_b"]) for row in read_table("reference/related_languages.csv")]
    assert len(pairs) == len(set(pairs)) and pairs == sorted(pairs)
    assert all(a < b and {a, b} <= set(LANGUAGES) for a, b in pairs)
    assert {("fa", "prs"), ("bs", "hr"), ("bs", "sr"), ("hr", "sr")} <= set(pairs)
    assert all(row["reason"] for row in read_table("reference/related_languages.csv"))


def test_topics_name_known_stages_and_every_article_once():
    listed = [key for topic in TOPICS["topics"] for key in topic["articles"]]
    assert len(listed) == len(set(listed)) and {path.name for path in ARTICLES} == set(listed)
    assert {topic["stage"] for topic in TOPICS["topics"]} <= STAGES
    for things in (TOPICS["topics"], TOPICS["audiences"], TOPICS["stages"]):
        assert [thing["position"] for thing in things] == list(range(1, len(things) + 1))
        assert all(set(thing["title"]) == {"en", "de"} for thing in things)


def test_personas_refer_to_what_exists():
    people = read_json("demo/personas.json")["personas"]
    ids = {person["id"] for person in people}
    assert len(ids) == len(people) == len({person["email"] for person in people})
    for person in people:
        assert person["email"].endswith(".example.org")
        assert person["city"] is None or person["city"] in {city["slug"] for city in CITIES}
        assert {known["tag"] for known in person["languages"]} <= set(LANGUAGES)
        assert set(person.get("topics", [])) <= SLUGS
        assert {person.get("audience"), *person.get("audiences", [])} - {None} <= AUDIENCES
        assert person.get("matched_with") is None or person["matched_with"] in ids


STEPS = {"submitted": [], "acknowledged": ["acknowledged"], "in_progress": ["acknowledged", "assigned"],
         "waiting_for_requester": ["acknowledged", "assigned", "waiting"], "resolved": ["acknowledged", "assigned", "resolved"]}


def test_what_invented_people_ask_of_the_offices_is_told_as_it_happened():
    people = {person["email"]: person for person in read_json("demo/personas.json")["personas"]}
    wanted = read_json("demo/service_requests.json")["service_requests"]
    assert {one["state"] for one in wanted} == set(STEPS) and len({(one["email"], one["service"]) for one in wanted}) == len(wanted)
    for one in wanted:
        person, steps = people[one["email"]], one["steps"]
        assert one["contact"]["name"] == person.get("contact", person["display_name"])
        assert person["role"] != "company" or (one["company"]["name"] == person["display_name"] and one["service"] in person["services"])
        assert not steps or people[one["advisor"]]["role"] == "advisor" and people[one["advisor"]]["city"] == one["city"]
        assert [step["kind"] for step in steps if step["kind"] != "message"] == STEPS[one["state"]]
        hours = [one["hours"], *(step["hours"] for step in steps)]
        assert hours == sorted(set(hours), reverse=True)
        assert all(text.startswith(("Beispiel: ", "Demo: ")) for text in (one["message"], *(step["text"] for step in steps if "text" in step)))


# Articles and legal texts

def heads():
    for path in sorted(CONTENT.glob("articles/*/article.yaml")):
        yield pytest.param(path.read_text(encoding="utf-8"), id=name(path))
    for path in [CONTENT / "reference/holidays.yaml", *sorted(CONTENT.glob("checklist/*/*.yaml"))]:
        yield pytest.param(path.read_text(encoding="utf-8"), id=name(path))
    for path in (path for folder in THINGS for path in sorted(folder.glob("*.yaml"))):
        yield pytest.param(path.read_text(encoding="utf-8"), id=name(path))
    for path in TRANSLATIONS + LEGAL_TEXTS + THING_TEXTS:
        yield pytest.param(front_matter(path)[0], id=name(path))


@pytest.mark.parametrize("text", heads())
def test_yaml_reads_the_same_in_every_version(text):
    """Each scalar is a plain slug, a number, true, false or quoted; nothing but block mappings and sequences."""
    for line in text.splitlines():
        scalar = re.fullmatch(r'(  )*(- )?([a-z_]+:)? ?(.*)', line)[4]
        assert re.fullmatch(r'|-?\d+(\.\d+)?|"[^"\\]*"|[a-z][a-z0-9_-]*', scalar), line
        assert scalar not in ("y", "n", "yes", "no", "on", "off", "null"), line
    slots = [event.anchor for event in yaml.parse(text) if hasattr(event, "anchor")]
    assert not any(slots)


@pytest.mark.parametrize("folder", ARTICLES, ids=name)
def test_an_article_is_whole(folder):
    article = yaml.safe_load((folder / "article.yaml").read_text(encoding="utf-8"))
    required = {"position", "topics", "audiences", "stages", "sources", "reviewed_on", "review_due_on"}
    assert required <= set(article) <= required | {"related", "parent", "city", "replaces"}
    assert re.fullmatch("[a-z][a-z0-9-]*", folder.name) and isinstance(article["position"], int)
    assert set(article["topics"]) <= SLUGS and set(article["audiences"]) <= AUDIENCES and set(article["stages"]) <= STAGES
    assert article["topics"] and article["audiences"] and article["stages"] and article["sources"]
    assert set(article.get("related", [])) <= {path.name for path in ARTICLES} - {folder.name}
    assert all(set(source) == {"basis", "source"} and source["source"].startswith("https://") for source in article["sources"])
    assert is_date(article["reviewed_on"]) and is_date(article["review_due_on"])
    assert article["reviewed_on"] < article["review_due_on"]
    assert {"de", "en"} <= {path.stem for path in folder.glob("*.md")} <= set(LANGUAGES)


def test_positions_order_all_articles():
    positions = [yaml.safe_load((folder / "article.yaml").read_text(encoding="utf-8"))["position"] for folder in ARTICLES]
    assert len(positions) == len(set(positions))


def test_a_page_stands_below_one_of_its_own_main_topic_at_the_top():
    articles = {folder.name: yaml.safe_load((folder / "article.yaml").read_text(encoding="utf-8")) for folder in ARTICLES}
    below = [article for article in articles.values() if "parent" in article]
    assert below
    for article in below:
        parent = articles[article["parent"]]
        assert "parent" not in parent and parent["topics"][0] == article["topics"][0] and parent["position"] < article["position"]


@pytest.mark.parametrize("path", TRANSLATIONS, ids=name)
def test_a_translation_is_whole(path):
    head, body = front_matter(path)
    translation = yaml.safe_load(head)
    assert set(translation) == {"title", "slug", "summary", "provenance"}
    assert len(translation["title"]) <= 120 and len(translation["summary"]) <= 300
    assert re.fullmatch(r"[^\W_]+(-[^\W_]+)*", translation["slug"]) and translation["slug"] == translation["slug"].lower()
    provenance = translation["provenance"]
    assert provenance["method"] in ("human", "machine", "machine_reviewed")
    assert (path.parent / f"{provenance['source_language']}.md").exists()
    assert "reviewed_on" not in provenance if provenance["method"] == "machine" else is_date(provenance["reviewed_on"])
    assert not re.search(r"^# |<[a-z/!]|!\[|^\|", body, re.M), "headings begin at ##; no HTML, pictures or tables"
    assert all(link.startswith(("https://", "tel:", "article:")) for link in links_of(body))
    assert path.stem not in ("de", "en") or 250 <= len(body.split()) <= 500


@pytest.mark.parametrize("folder", ARTICLES, ids=name)
def test_an_article_leads_to_others_alike_in_every_language(folder):
    for path in folder.glob("*.md"):
        leads = [link.removeprefix("article:") for link in links_of(front_matter(path)[1]) if link.startswith("article:")]
        assert 2 <= len(leads) <= 5 and len(leads) == len(set(leads)), path
        assert set(leads) <= {other.name for other in ARTICLES} - {folder.name}, path
        original = yaml.safe_load(front_matter(path)[0])["provenance"]["source_language"]
        assert set(leads) == {link.removeprefix("article:") for link in links_of(front_matter(folder / f"{original}.md")[1])
                              if link.startswith("article:")}, path


def test_slugs_are_unique_in_each_language():
    for language in {path.stem for path in TRANSLATIONS}:
        slugs = [yaml.safe_load(front_matter(path)[0])["slug"] for path in TRANSLATIONS if path.stem == language]
        assert len(slugs) == len(set(slugs))


def test_articles_state_no_amounts():
    """Amounts change by the year: who publishes them is said instead."""
    amount = re.compile(r"€|\d\s*(euro|avro|يورو|євро)", re.IGNORECASE)
    assert not [name(path) for path in TRANSLATIONS if amount.search(path.read_text(encoding="utf-8"))]


# Places, news, events and stories

MEMBERS = {
    "places": ("position", "city", "topics", "category", "street", "postcode", "town", "latitude", "longitude", "phone", "email", "website",
               "appointment", "appointment_url", "spoken_languages", "wheelchair", "accessibility", "open_on_holidays",
               "temporarily_closed", "opening_hours", "contacts"),
    "news": ("city", "cities", "topics", "audiences", "publishes_at", "expires_at"),
    "events": ("city", "topics", "audiences", "starts", "ends", "all_day", "rrule", "exdates", "place", "meeting_url"),
    "stories": ("position", "city", "topics", "audiences", "teller", "speaks", "fictional"),
}
REQUIRED = {"places": {"position", "city", "topics", "category"}, "news": {"topics", "publishes_at"}, "events": {"topics", "starts", "ends"},
            "stories": {"position", "city", "topics", "audiences", "teller", "speaks", "fictional"}}
CONTACT = ("key", "role", "phone", "email", "website")
FILES = {"places": "place.yaml", "news": "news.yaml", "events": "event.yaml", "stories": "story.yaml"}


def thing_of(folder):
    return yaml.safe_load((folder / FILES[folder.parent.name]).read_text(encoding="utf-8"))


def last_paragraph(path):
    return front_matter(path)[1].strip().split("\n\n")[-1]


def contrast_with_white(color):
    """WCAG 2.2, relative luminance."""
    parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_categories_of_places_can_be_told_apart_and_seen():
    assert [category["position"] for category in CATEGORIES] == list(range(1, len(CATEGORIES) + 1))
    assert all(list(category) == ["code", "position", "title", "icon", "color"] for category in CATEGORIES)
    for part in ("code", "icon", "color"):
        assert len({category[part] for category in CATEGORIES}) == len(CATEGORIES)
    for category in CATEGORIES:
        assert re.fullmatch("[a-z]+(-[a-z]+)*", category["code"]) and re.fullmatch("[a-z]+(-[a-z]+)*", category["icon"])
        assert set(category["title"]) == {"de", "en"} and all(category["title"].values())
        assert re.fullmatch("#[0-9A-F]{6}", category["color"]) and contrast_with_white(category["color"]) >= 4.5


@pytest.mark.parametrize("folder", THINGS, ids=name)
def test_a_place_news_event_or_story_has_the_members_of_its_kind(folder):
    kind, thing = folder.parent.name, thing_of(folder)
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", folder.name)
    assert list(thing) == [member for member in MEMBERS[kind] if member in thing] and REQUIRED[kind] <= set(thing)
    cities = {city["slug"] for city in CITIES}
    assert {thing.get("city"), *thing.get("cities", [])} - {None} <= cities and thing.get("city") not in thing.get("cities", [])
    assert thing["topics"] and set(thing["topics"]) <= SLUGS and set(thing.get("audiences", [])) <= AUDIENCES
    assert set(thing.get("spoken_languages", [])) | set(thing.get("speaks", [])) <= set(LANGUAGES)
    assert thing.get("category") in {category["code"] for category in CATEGORIES} or kind != "places"
    assert thing.get("appointment", "none") in ("none", "recommended", "required")
    assert thing.get("wheelchair", "no") in ("yes", "limited", "no")
    assert ("latitude" in thing) == ("longitude" in thing)
    assert all(thing[part] == round(thing[part], 6) for part in ("latitude", "longitude") if part in thing)
    assert all(thing[part].startswith("https://") for part in ("website", "appointment_url", "meeting_url") if part in thing)
    assert all(thing[part] is True for part in ("open_on_holidays", "temporarily_closed", "all_day", "fictional") if part in thing)


@pytest.mark.parametrize("path", THING_TEXTS, ids=name)
def test_a_text_of_a_place_news_event_or_story_is_whole(path):
    head, body = front_matter(path)
    text = yaml.safe_load(head)
    assert list(text) == ["title", "slug", "summary", "provenance"] and path.stem in LANGUAGES
    assert {path.parent / "de.md", path.parent / "en.md"} <= set(path.parent.glob("*.md"))
    assert len(text["title"]) <= 120 and 0 < len(text["summary"]) <= 300
    assert re.fullmatch(r"[^\W_]+(-[^\W_]+)*", text["slug"]) and text["slug"] == text["slug"].lower()
    provenance = text["provenance"]
    assert provenance["method"] in ("human", "machine", "machine_reviewed") and provenance["source_language"] == "de"
    assert "reviewed_on" not in provenance if provenance["method"] == "machine" else is_date(provenance["reviewed_on"])
    assert not re.search(r"^# |<[a-z/!]|!\[|^\||€|\d\s*(euro|avro|يورو|євро)", body, re.M | re.I)
    assert all(link.startswith(("https://", "tel:")) for link in links_of(body))


@pytest.mark.parametrize("kind", FILES)
def test_slugs_and_positions_of_a_kind_are_unique(kind):
    folders = [folder for folder in THINGS if folder.parent.name == kind]
    assert folders
    positions = [thing_of(folder)["position"] for folder in folders if kind in ("places", "stories")]
    assert len(positions) == len(set(positions))
    slugs = [(path.stem, yaml.safe_load(front_matter(path)[0])["slug"]) for path in THING_TEXTS if path.parent.parent.name == kind]
    assert len(slugs) == len(set(slugs))


def test_opening_hours_follow_each_other():
    for place in (thing_of(folder) for folder in THINGS if folder.parent.name == "places"):
        assert len(place.get("opening_hours", range(7))) == 7
        for day in place.get("opening_hours", []):
            assert len(day) == 1, "closed, by appointment, or open"
            before = ""
            for slot in day.get("slots", []):
                assert all(re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", slot[end]) for end in ("opens", "closes"))
                assert before <= slot["opens"] < slot["closes"]
                before = slot["closes"]


def test_contacts_are_offices_with_keys_of_their_own():
    contacts = [contact for folder in THINGS if folder.parent.name == "places" for contact in thing_of(folder).get("contacts", [])]
    assert len({contact["key"] for contact in contacts}) == len(contacts) > 0
    for contact in contacts:
        assert list(contact) == [member for member in CONTACT if member in contact]
        assert {"de", "en"} <= set(contact["role"]) and all(contact["role"].values()) and {"phone", "email", "website"} & set(contact)


def test_every_city_has_one_place_that_says_only_what_is_verified():
    hosts = {city["slug"]: f"https://{city['website_host']}/" for city in CITIES}
    places = [thing_of(folder) for folder in PLACES]
    assert {place["city"]: place["website"] for place in places} == hosts and len(places) == len(hosts)
    for place in places:
        assert set(place) == {"position", "city", "topics", "category", "website", "contacts"}
        assert all(set(contact) == {"key", "role", "website"} for contact in place["contacts"])
        assert {contact["website"] for contact in place["contacts"]} == {place["website"]}


@pytest.mark.parametrize("folder", STORIES, ids=name)
def test_a_story_is_told_in_a_language_of_its_teller_and_says_that_it_is_invented(folder):
    story, languages = thing_of(folder), {path.stem for path in folder.glob("*.md")}
    assert story["fictional"] is True and {"de", "en"} < languages and languages - {"en"} <= set(story["speaks"])
    for path in folder.glob("*.md"):
        assert 150 <= len(front_matter(path)[1].split()) <= 300
        assert len(last_paragraph(path).split()) <= 10
    assert last_paragraph(folder / "de.md").startswith(story["teller"]) and last_paragraph(folder / "de.md").endswith("sind erfunden.")
    assert last_paragraph(folder / "en.md").startswith(story["teller"]) and last_paragraph(folder / "en.md").endswith("are invented.")


def test_stories_come_from_different_cities_for_all_audiences():
    stories = [thing_of(folder) for folder in STORIES]
    assert len({story["city"] for story in stories}) == len(stories) and len({story["teller"] for story in stories}) == len(stories)
    assert {audience for story in stories for audience in story["audiences"]} == AUDIENCES


@pytest.mark.parametrize("folder", DEMO, ids=name)
def test_demo_things_are_marked_as_invented(folder):
    for language, mark in (("de", "Beispiel: "), ("en", "Demo: ")):
        assert yaml.safe_load(front_matter(folder / f"{language}.md")[0])["title"].startswith(mark)
    assert folder.name.startswith("demo-")
    for text in texts(thing_of(folder)):
        assert "@" not in text or text.endswith(".example.org")
        assert not text.startswith("https:") or re.match(r"https://[a-z]+\.example\.org/", text)
        assert not text.startswith("+") or text.startswith("+49 30 23125"), "numbers kept free for invented people"


def test_news_and_events_have_times_that_fit():
    for news in (thing_of(folder) for folder in DEMO if folder.parent.name == "news"):
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", news[part]) for part in ("publishes_at", "expires_at") if part in news)
        assert news["publishes_at"] < news.get("expires_at", "9999")
    for event in (thing_of(folder) for folder in DEMO if folder.parent.name == "events"):
        starts, ends = (datetime.datetime.strptime(event[part], "%Y-%m-%dT%H:%M") for part in ("starts", "ends"))
        assert starts < ends and (not event.get("all_day") or starts.time() == ends.time() == datetime.time())
        assert event.get("place") in {None, *(folder.name for folder in THINGS if folder.parent.name == "places")}
        left_out = [datetime.datetime.strptime(exdate, "%Y-%m-%dT%H:%M") for exdate in event.get("exdates", [])]
        assert all(day > starts and (day.weekday(), day.time()) == (starts.weekday(), starts.time()) for day in left_out)
        assert not left_out or "rrule" in event


# The checklist and holidays

def rule_of(folder):
    return yaml.safe_load((folder / "rule.yaml").read_text(encoding="utf-8"))


RULE_ORDER = ("position", "article", "audiences", "stages", "cities", "citizenship", "children", "deadline", "sources", "reviewed_on",
              "review_due_on")
ENTRY_GROUPS = {row["entry_group"] for row in read_table("reference/countries.csv")}


@pytest.mark.parametrize("folder", RULES, ids=name)
def test_a_step_is_whole_and_rests_on_law(folder):
    rule = rule_of(folder)
    assert set(RULE_ORDER) - {"article", "cities", "citizenship", "children", "deadline"} <= set(rule)
    assert list(rule) == [member for member in RULE_ORDER if member in rule], "the canonical order"
    assert re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", folder.name) and isinstance(rule["position"], int)
    assert rule["audiences"] and set(rule["audiences"]) <= AUDIENCES and rule["stages"] and set(rule["stages"]) <= STAGES
    assert set(rule.get("cities", [])) <= {city["slug"] for city in CITIES}
    assert set(rule.get("citizenship", [])) <= ENTRY_GROUPS | {"eu", "non-eu"} and rule.get("children", "required") == "required"
    assert rule["sources"] and all(list(source) == ["basis", "source"] and source["source"].startswith("https://") for source in rule["sources"])
    assert is_date(rule["reviewed_on"]) and is_date(rule["review_due_on"]) and rule["reviewed_on"] < rule["review_due_on"]
    if "deadline" in rule:
        deadline = rule["deadline"]
        assert list(deadline) == ["amount", "unit", "counted", "last_day"] and 0 <= deadline["amount"] <= 1000
        assert deadline["unit"] in ("days", "weeks", "months", "working-days")
        assert (deadline["counted"], deadline["last_day"]) in (("after-arrival", "stays"), ("after-arrival", "moves"), ("before-arrival", "stays"))
        moving = any(re.search(r"BGB § 193|AO § 108\(3\)|VwVfG( NRW)? § 31\(3\)", source["basis"]) for source in rule["sources"])
        assert (deadline["last_day"] == "moves") == moving, "the law that lets a deadline move is named"
        assert deadline["counted"] == "after-arrival" or "before-arrival" in rule["stages"]


@pytest.mark.parametrize("folder", RULES, ids=name)
def test_a_step_has_words_and_an_article_for_the_same_people_and_stages(folder):
    rule = rule_of(folder)
    article = yaml.safe_load((CONTENT / "articles" / rule["article"] / "article.yaml").read_text(encoding="utf-8"))
    assert set(rule["audiences"]) <= set(article["audiences"]) and set(rule["stages"]) <= set(article["stages"])
    languages = {path.stem for path in folder.glob("*.yaml")} - {"rule"}
    assert {"de", "en"} <= languages <= set(LANGUAGES)
    for language in languages:
        text = yaml.safe_load((folder / f"{language}.yaml").read_text(encoding="utf-8"))
        assert list(text) == [member for member in ("title", "why", "due", "provenance") if member in text]
        assert text["title"] and len(text["title"]) <= 120 and text["why"] and len(text["why"]) <= 600
        assert 0 < len(text["due"]) <= 200 if "deadline" in rule or "due" in text else True
        provenance = text["provenance"]
        assert provenance["method"] in ("human", "machine", "machine_reviewed") and provenance["source_language"] in languages
        assert "reviewed_on" not in provenance if provenance["method"] == "machine" else is_date(provenance["reviewed_on"])
        assert not re.search(r"€|\d\s*(euro|avro|يورو|євро)", " ".join(texts(text)), re.IGNORECASE)


def test_steps_have_positions_of_their_own():
    positions = [rule_of(folder)["position"] for folder in RULES]
    assert len(positions) == len(set(positions)) >= 15


def test_registration_is_due_two_weeks_after_moving_in_and_never_moves():
    assert rule_of(CONTENT / "checklist/residence-registration")["deadline"] == {
        "amount": 2, "unit": "weeks", "counted": "after-arrival", "last_day": "stays"}


def test_holidays_rest_on_law():
    members = ["code", "month", "day", "easter_offset", "first_year", "last_year", "name_de", "name_en", "basis", "source"]
    for holiday in HOLIDAYS:
        assert list(holiday) == [member for member in members if member in holiday]
        assert ("month" in holiday) == ("day" in holiday) != ("easter_offset" in holiday)
        assert holiday["name_de"] and holiday["name_en"] and holiday["basis"] and holiday["source"].startswith("https://")
    assert len({holiday["code"] for holiday in HOLIDAYS}) == len(HOLIDAYS) == 11


def test_legal_texts_have_one_version_in_all_languages():
    versions = {}
    for path in LEGAL_TEXTS:
        kind, language = path.stem.split(".")
        head = yaml.safe_load(front_matter(path)[0])
        assert set(head) - {"draft"} == {"title", "version"} and is_date(head["version"])
        assert ("draft" in head) == (kind in ("privacy", "imprint", "accessibility")) == ("[" in front_matter(path)[1]), "templates are drafts"
        versions.setdefault(kind, {})[language] = head["version"]
    assert set(versions) == {"consent-guide", "consent-guide-request", "consent-service-request", "privacy", "imprint", "accessibility"}
    for known in versions.values():
        assert set(known) == {"de", "en"} and len(set(known.values())) == 1


# Services

SERVICES, OFFICES = read_json("services/services.json")["services"], read_json("services/offices.json")["offices"]


def words_of(value):
    """All mappings by language in a service or an office."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name in ("name", "description", "label", "help"):
                yield member
            else:
                yield from words_of(member)
    elif isinstance(value, list):
        for item in value:
            yield from words_of(item)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service["code"])
def test_a_service_is_said_in_the_languages_of_who_asks(service):
    languages = {"de", "en"} if service["clientele"] == "company" else set(MAIL_LANGUAGES)
    assert service["description"] and all(set(words) >= languages for words in words_of(service))
    assert set(texts([list(words) for words in words_of(service)])) <= set(LANGUAGES)
    assert not any(question.get("values_from") == "cities" and question["type"] == "single_choice" for question in service["questions"])
    assert {service.get("office"), service.get("region_office")} - {None} <= {office["slug"] for office in OFFICES}


def test_offices_are_examples_without_anybody_s_contact():
    assert {(office["slug"], office["in"]) for office in OFFICES} >= {("welcome-office", "cities"), ("business-office", "cities"), ("region", "region")}
    for office in OFFICES:
        assert set(office["name"]) == set(MAIL_LANGUAGES) and not {"email", "phone", "address", "website"} & set(office)
        assert len(office["opening_hours"]) == 7
