"""The command `pretrain`."""

from argparse import ArgumentParser, Namespace

from minifcn.commands.train import add_run, run_training
from minifcn.machines.together import in_first
from minifcn.training.pretraining import Pretrainer
from minifcn.training.settings import PretrainSettings
from minifcn.training.starting import starting_settings


def add_arguments(parser: ArgumentParser) -> None:
    add_run(parser, PretrainSettings)


def run(options: Namespace) -> None:
    """Train a classifier on labels of whole images, the dominant object's; train --init then makes an FCN of it."""
    settings, _ = in_first(options.group, lambda: starting_settings(options, PretrainSettings))
    settings.root = getattr(options, "root", settings.root)  # it may lie elsewhere on this machine
    run_training(Pretrainer, settings, options)
