"""Settings that cannot be are refused when they are made."""

from typing import Any

import numpy as np
import pytest

from analytical import InputError, load_network
from analytical.hardware import EYERISS_16BIT
from analytical.mappings.eyeriss import EyerissMapping
from simulator.machine import engines
from simulator.settings import ENGINES, Settings, title_of

ALEXNET = load_network("alexnet")
ONE = EyerissMapping(m=1, n=1, e=1, p=1, q=1, r=1, t=1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mapping": "eyerriss"}, "mapping is 'eyerriss'; expected cnnergy or eyeriss"),
        ({"engine": "quick"}, "engine is 'quick'; expected fast, detailed or stepped"),
        ({"batch": 0}, "batch is 0; expected a whole number of images from 1"),
        ({"batch": 1.5}, "batch is 1.5; expected a whole number"),
        ({"batch": True}, "batch is True; expected a whole number"),
        ({"seed": -1}, "seed is -1; expected a whole number from 0"),
        ({"selected": ()}, "layers is empty; expected at least one name"),
        ({"selected": ("C9",)}, "network alexnet has no layer 'C9'; expected some of C1, C2"),
        ({"accounting": "free"}, "accounting is 'free'; expected cnnergy, chip, full"),
        ({"own_mappings": {"C1": ONE}}, "own mappings are given with mapping cnnergy; expected eyeriss"),
        ({"own_mappings": {"C9": ONE}, "mapping": "eyeriss"}, "network alexnet has no layer 'C9'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refused:
        Settings(network=ALEXNET, hardware=EYERISS_16BIT, **wrong)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_engines_known_without_importing_them_are_those_that_there_are() -> None:
    assert tuple(engines.ENGINES) == ENGINES
    with pytest.raises(engines.EngineError, match="engine is 'quick'; expected one of fast, detailed, stepped"):
        engines.engine_named("quick")


def test_the_layers_that_run_are_in_the_network_s_order() -> None:
    settings = Settings(network=ALEXNET, hardware=EYERISS_16BIT, selected=("C5", "C1"))
    assert [layer.name for layer in settings.layers] == ["C1", "C5"]
    assert [settings.images(layer) for layer in settings.layers] == [1, 6]
    assert title_of(settings.record()) == settings.title
    assert (
        settings.title == "alexnet on eyeriss-16bit, 16 bit, mapping cnnergy, batches of the table, seed 0, fast engine"
    )


def test_numpy_s_integers_become_python_s() -> None:
    settings = Settings(network=ALEXNET, hardware=EYERISS_16BIT, batch=np.int64(2), seed=np.int32(3))
    assert (type(settings.batch), type(settings.seed)) == (int, int)
    assert (settings.batch, settings.seed) == (2, 3)
