from golden.record import path, studies, table


def test_the_jobs_of_recorded_studies_have_not_changed() -> None:
    changed = [name for name, study in studies() if table(study) != path(name).read_text(encoding="utf-8")]
    assert not changed, (
        f"{changed} changed: run python tests/golden/record.py, look at the diff, and commit it"
    )
