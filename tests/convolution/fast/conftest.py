"""What is done at the same time."""

import pytest


@pytest.fixture
def turns_of(monkeypatch):
    """turns_of(module): a list that gets the tasks of each `run_all` of that module from now on."""

    def turns_of(module):
        turns, run_all = [], module.run_all

        def noted(function, tasks, xp):
            turns.append(list(tasks))
            run_all(function, turns[-1], xp)

        monkeypatch.setattr(module, "run_all", noted)
        return turns

    return turns_of
