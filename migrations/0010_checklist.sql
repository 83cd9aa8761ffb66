-- SPDX-License-Identifier: EUPL-1.2
-- What newcomers have to do and by when, and the holidays that move such days: rows of files, no people. Public, no row-level security.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- A day of each year, or one so many days after Easter Sunday, in the years in which it is one.
CREATE TABLE holiday (
  code          text PRIMARY KEY CHECK (code ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$'),
  position      integer NOT NULL,
  month         integer,
  day           integer CHECK (day IS NULL OR make_date(2000, month, day) IS NOT NULL), -- refuses what no calendar has
  easter_offset integer CHECK (easter_offset BETWEEN -80 AND 240),       -- stays within the year
  first_year    integer,
  last_year     integer,
  name_en       text NOT NULL,
  name_de       text NOT NULL,
  legal_basis   text NOT NULL,
  source        text NOT NULL,
  CHECK ((month IS NULL) = (day IS NULL)),
  CHECK ((month IS NULL) <> (easter_offset IS NULL)),
  CHECK (first_year <= last_year)
);

-- Empty lists of cities and citizenships: for everybody. citizenship: `eu`, `non-eu` or entry groups of countries.
-- The deadline is counted from the day of arrival; null: arrival does not set it.
CREATE TABLE checklist_rule (
  code               text PRIMARY KEY CHECK (code ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$'),
  position           integer NOT NULL,
  audiences          text[] NOT NULL,
  stages             text[] NOT NULL,
  cities             text[] NOT NULL DEFAULT '{}',
  citizenship        text[] NOT NULL DEFAULT '{}',
  children           boolean NOT NULL DEFAULT false, -- only for people who come with children
  deadline_amount    integer CHECK (deadline_amount BETWEEN 0 AND 1000),
  deadline_unit      text CHECK (deadline_unit IN ('days', 'weeks', 'months', 'working-days')),
  deadline_counted   text CHECK (deadline_counted IN ('before-arrival', 'after-arrival')),
  deadline_last_day  text CHECK (deadline_last_day IN ('stays', 'moves')), -- off Saturdays, Sundays and holidays, where the law says so
  article            text, -- its name among the imported files
  sources            jsonb NOT NULL CHECK (jsonb_array_length(sources) > 0),
  reviewed_on        date NOT NULL,
  review_due_on      date NOT NULL,
  changed_at         timestamptz NOT NULL DEFAULT clock(),
  CHECK (num_nulls(deadline_amount, deadline_unit, deadline_counted, deadline_last_day) IN (0, 4)),
  CHECK (deadline_last_day = 'stays' OR deadline_counted = 'after-arrival')
);

CREATE TABLE checklist_text (
  rule            text NOT NULL REFERENCES checklist_rule ON DELETE CASCADE,
  language        text NOT NULL REFERENCES language,
  title           text NOT NULL,
  why             text NOT NULL,
  due             text, -- the deadline in words
  method          text NOT NULL CHECK (method IN ('human', 'machine', 'machine_reviewed')),
  source_language text NOT NULL REFERENCES language,
  reviewed_on     date CHECK ((reviewed_on IS NULL) = (method = 'machine')),
  changed_at      timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (rule, language)
);

GRANT SELECT ON holiday, checklist_rule, checklist_text TO welcome, welcome_worker;
GRANT INSERT, UPDATE, DELETE ON holiday, checklist_rule, checklist_text TO welcome_worker;
RESET search_path;

-- migrate:down
