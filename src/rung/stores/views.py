"""The view `trials` in standard SQL, for servers; SQLite has its own words, which are older and quicker there."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """How a database reads a field of an event's JSON: a column and a path such as `spec.name` make SQL.

    Attributes:
        text: As text.
        whole: As a whole number.
        real: As a number.
        json: As JSON.
    """

    text: Callable[[str, str], str]
    whole: Callable[[str, str], str]
    real: Callable[[str, str], str]
    json: Callable[[str, str], str]


def trials_view(of: Words) -> str:
    """The statement that makes the view `trials`: one row for each trial of each study, as it stands."""
    return f"""
    CREATE VIEW trials AS
    WITH
    latest AS (
        SELECT
            study, trial, kind, data,
            row_number() OVER (PARTITION BY study, trial, kind ORDER BY seq DESC) AS age
        FROM events WHERE kind IN ('Started', 'Ended')
    ),
    specs AS (
        SELECT study, data, row_number() OVER (PARTITION BY study ORDER BY seq DESC) AS age
        FROM events WHERE kind IN ('Opened', 'SpecChanged')
    ),
    limits AS (
        SELECT study, {of.whole("data", "spec.scheduler.max_resource")} AS max_resource
        FROM specs WHERE age = 1
    ),
    started AS (
        SELECT
            study, trial,
            {of.whole("data", "job")} AS job,
            coalesce({of.text("data", "purpose")}, 'search') = 'audit' AS audits
        FROM latest WHERE kind = 'Started' AND age = 1
    ),
    ended AS (
        SELECT
            study, trial,
            {of.whole("data", "job")} AS job,
            {of.text("data", "outcome")} AS outcome,
            {of.text("data", "failure.type")} AS error,
            {of.text("data", "failure.message")} AS message
        FROM latest WHERE kind = 'Ended' AND age = 1
    ),
    given_up AS (  -- jobs whose rest is not owed
        SELECT study, trial, max({of.whole("data", "job")}) AS job
        FROM events
        WHERE kind = 'YieldAsked' AND coalesce({of.text("data", "owed")}, 'true') IN ('false', '0')
        GROUP BY study, trial
    ),
    reached AS (
        SELECT
            study, trial,
            max({of.whole("data", "resource")}) AS resource,
            sum({of.real("data", "seconds")}) AS seconds
        FROM events WHERE kind = 'Reported' GROUP BY study, trial
    ),
    audited AS (  -- where the search stood when it was drawn; to where the search has used what the audit saw
        SELECT
            study, trial,
            max({of.whole("data", "resource")}) AS drawn,
            max({of.whole("data", "target")}) AS used
        FROM events WHERE kind IN ('Drawn', 'AuditUsed') GROUP BY study, trial
    ),
    stopped AS (
        SELECT study, trial FROM events WHERE kind = 'Stopped'
        UNION
        SELECT study, {of.whole("data", "ends")} FROM events WHERE kind = 'Created'
    )
    SELECT
        studies.name AS study,
        created.trial AS trial,
        CASE
            WHEN started.audits AND (ended.job IS NULL OR ended.job < started.job) THEN 'running'
            WHEN ended.job = started.job AND ended.outcome = 'failed'
                -- that of an audit counts for the search only where it wants to go further
                AND (NOT started.audits OR audited.used > reached.resource) THEN 'failed'
            WHEN stopped.trial IS NOT NULL THEN 'stopped'
            WHEN started.job IS NULL THEN 'queued'
            WHEN ended.job IS NULL OR ended.job < started.job THEN 'running'
            WHEN ended.outcome = 'lost' THEN 'queued'
            WHEN ended.outcome = 'yielded' AND coalesce(given_up.job, -1) <> ended.job THEN 'queued'
            WHEN CASE WHEN started.audits THEN coalesce(audited.used, audited.drawn) ELSE reached.resource END
                >= limits.max_resource THEN 'complete'
            ELSE 'paused'
        END AS status,
        coalesce(reached.resource, 0) AS resource,
        {of.whole("created.data", "parent")} AS parent,
        {of.json("created.data", "config")} AS config,
        created.time AS created,
        coalesce({of.whole("created.data", "bracket")}, 0) AS bracket,
        {of.text("created.data", "source")} AS source,
        {of.whole("created.data", "seed")} AS seed,
        coalesce(reached.seconds, 0) AS seconds,
        CASE WHEN ended.error IS NOT NULL THEN concat(ended.error, ': ', ended.message) END AS error
    FROM events AS created
    JOIN studies ON studies.id = created.study
    LEFT JOIN limits ON limits.study = created.study
    LEFT JOIN started ON started.study = created.study AND started.trial = created.trial
    LEFT JOIN ended ON ended.study = created.study AND ended.trial = created.trial
    LEFT JOIN given_up ON given_up.study = created.study AND given_up.trial = created.trial
    LEFT JOIN reached ON reached.study = created.study AND reached.trial = created.trial
    LEFT JOIN audited ON audited.study = created.study AND audited.trial = created.trial
    LEFT JOIN stopped ON stopped.study = created.study AND stopped.trial = created.trial
    WHERE created.kind = 'Created'
        AND {of.whole("created.data", "confirms")} IS NULL  -- none of the search
    """
