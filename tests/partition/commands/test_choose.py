"""``python -m partition choose``: the survey's models, and others."""

import csv
import io
import json
from pathlib import Path

import pytest

import partition as front_door
from partition.catalogue import CatalogueError, Choice, Limits, Model, choose
from tests.partition.commands.calls import partition

SURVEY = Path(__file__).parents[2] / "data" / "sparse" / "fig4_survey.csv"


@pytest.fixture
def survey(tmp_path: Path) -> str:
    """The models of the survey's Fig. 4, with its energies."""
    entries = [
        f'[[model]]\nname = "{row["model"]}"\naccuracy = {row["top5_percent"]}\nmetric = "top-5"\n'
        f'source = "Fig. 4"\nenergy_J = {float(row["total_mJ"]) / 1e3!r}\n'
        for row in csv.DictReader(SURVEY.read_text().splitlines())
    ]
    path = tmp_path / "survey.toml"
    path.write_text("\n".join(entries))
    return str(path)


@pytest.mark.parametrize(
    ("accuracy", "best"),
    [(73, "prune 90 %"), (73.5, "SVD"), (75, "prune 70 %"), (75.1, "8-bit"), (75.4, None)],
)
def test_the_survey_s_models(survey: str, accuracy: float, best: str | None) -> None:
    """What spends least with a top-5 accuracy of at least so much."""
    found = choose(survey, min_accuracy=accuracy)
    assert (None if found.best is None else found.best.name) == best
    published = {row["model"] for row in csv.DictReader(SURVEY.read_text().splitlines()) if row["pareto"] == "True"}
    assert {model.name for model in found.front} == published
    told = partition("choose", survey, "--min-accuracy", str(accuracy))
    assert told.returncode == (0 if best else 1)
    assert (
        f"Run {best}" if best else "the nearest is 8-bit: accuracy 75.33 %, below 75.4 %"
    ) in told.stdout + told.stderr


def test_a_dominated_model_never_wins() -> None:
    def model(name: str, accuracy: float, energy_J: float, latency_s: float | None = 0.01) -> Model:
        return Model(name=name, accuracy=accuracy, metric="m", source="", energy_J=energy_J, latency_s=latency_s)

    models = (model("a", 70, 1.0), model("b", 60, 1.0), model("c", 70, 1.0, 0.02), model("d", 50, 0.5, None))
    for limits in (Limits(), Limits(min_accuracy=55), Limits(max_energy_J=0.7), Limits(max_delay_s=0.015)):
        found = Choice(models=models, limits=limits, source="own")
        assert found.best in found.front
    assert [each.name for each in found.front] == ["a", "d"]


def test_networks_are_priced_and_cut(network: str, tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_text(
        '[[model]]\nname = "here"\nnetwork = "small.csv"\naccuracy = 60\n'
        '[[model]]\nname = "wide"\nnetwork = "small.csv"\naccuracy = 61\nbits = 16\n'
        '[[model]]\nname = "stated"\naccuracy = 62.5\nenergy_J = 0.5\nlatency_s = 0.001\n'
    )
    rows = list(csv.DictReader(io.StringIO(partition("choose", str(path), "--csv", "-").stdout)))
    plan = front_door.plan(network, bitrate="60Mbps", tx_power="0.5W")
    assert float(rows[0]["energy_J"]) == pytest.approx(plan.cuts[-1].client_energy_J)
    assert float(rows[0]["latency_s"]) == pytest.approx(plan.cuts[-1].client_s)
    assert float(rows[1]["energy_J"]) > float(rows[0]["energy_J"])
    record = json.loads(
        partition("choose", str(path), "--bitrate", "60Mbps", "--tx-power", "0.5W", "--json", "-").stdout
    )
    here = record["models"][0]
    assert (here["cut"], here["energy_J"]) == (plan.best.name, pytest.approx(plan.best.total_energy_J(plan.channel)))
    assert record["best"] == "here"
    told = partition("choose", str(path), "--max-energy", "1uJ", "--max-delay", "1us")
    assert told.returncode == 1
    assert told.stderr.startswith("choose: no model is within all limits; the nearest is ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "model is missing; expected all of model"),
        ("model = []", "model is a list of 0; expected at least 1"),
        ('[[model]]\nname = "a"\naccuracy = 101', "accuracy is 101; expected at most 100"),
        ('[[model]]\nname = "a"\naccuracy = -1', "accuracy is -1; expected at least 0"),
        ('[[model]]\nname = "a"\naccuracy = 50', "model a: network is missing; expected one, or energy_J"),
        (
            '[[model]]\nname = "a"\naccuracy = 50\n[[model]]\nname = "a"\naccuracy = 50',
            "two models are called a; expected a name for each",
        ),
        (
            '[[model]]\nname = "a"\naccuracy = 50\n[[model]]\nname = "b"\naccuracy = 50\nmetric = "top-5"',
            "metric is top-1 and top-5; expected one for all models",
        ),
    ],
)
def test_catalogues_that_cannot_be_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text)
    with pytest.raises(CatalogueError) as refused:
        choose(path)
    assert message in str(refused.value)


def test_a_delay_needs_one_that_is_known(survey: str) -> None:
    told = partition("choose", survey, "--max-delay", "50ms")
    assert told.returncode == 2
    assert "latency_s is missing; expected one, since a longest delay is given" in told.stderr
