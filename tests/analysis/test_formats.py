"""A configuration as text."""

import ast
import json
import tomllib

import yaml

from rung.analysis.formats import as_json, as_python, as_toml, as_yaml

ODD = {
    "a.b": 'x "y"\n\x7f',
    "c d": -1e-05,
    "e": True,
    "f": 10**15,
    "ü": "ß: #",
    "g": 1e22,
    "h": "it's",
    "on": "no",
    "i": "1e-5",
    "j": 1e-5,
}


def test_odd_names_and_values_survive() -> None:
    assert yaml.safe_load(as_yaml(ODD)) == ODD
    assert ast.literal_eval(as_python(ODD)) == ODD
    assert json.loads(as_json(ODD)) == ODD
    assert tomllib.loads(as_toml(ODD)) == ODD


def test_none_survives_where_there_is_one() -> None:
    config = {"x": None, "y": 1}
    assert yaml.safe_load(as_yaml(config)) == config
    assert ast.literal_eval(as_python(config)) == config


def test_python_reads_as_a_person_writes_it() -> None:
    assert as_python({"lr": 0.01, "name": "adam"}) == '{\n    "lr": 0.01,\n    "name": "adam",\n}'
