"""What each command does. Options come parsed from `cli`; the work is done elsewhere."""

from pathlib import Path

from PIL import Image

from minifcn.backend import resolve_device
from minifcn.commands import terminal
from minifcn.commands.bench import ALL as BENCH_SECTIONS
from minifcn.commands.bench import run_bench
from minifcn.commands.demo import run_demo
from minifcn.convolution import SEVEN_CASES, relationship
from minifcn.data import VOID, Preprocessing, open_dataset, read_image
from minifcn.errors import InputError
from minifcn.gradcheck import check_everything
from minifcn.models import BACKBONES, MODELS
from minifcn.models.summary import classifiers_field, figures, summarize
from minifcn.pictures import FILES, draw_pictures, picture_folders
from minifcn.pictures.runs import VOID_COLOUR, draw_run, save_predictions
from minifcn.training.evaluation import compare, predict_image
from minifcn.training.pretraining import Pretrainer
from minifcn.training.settings import option
from minifcn.training.starting import check_backbone, pretraining_settings, training_settings
from minifcn.training.trainer import Trainer
from minifcn.weights.loading import load_model

OF_FCNS = ("backbone", "padding", "upsampling", "upsampling_kernels")


def demo(options):
    """Train FCN-32s, then 16s from it, then 8s from that, on generated scenes; print the paper's table of them."""
    device = _device(options)
    run_demo(_fresh_folder(options.out), device, options.epochs, options.overwrite)


def train(options):
    """Train one network. Ctrl-C saves the run and says how to go on; --resume goes on."""
    settings, sources = training_settings(options)
    if options.explain:
        terminal.explain(settings, sources)
    else:
        _run(Trainer, settings, options)


def pretrain(options):
    """Train a classifier on labels of whole images, the dominant object's; train --init then makes an FCN of it."""
    _run(Pretrainer, pretraining_settings(options), options)


def evaluate(options):
    """Compare predictions with the truth: pixel accuracy, mean accuracy, mean IU, frequency-weighted IU."""
    device = _device(options)
    if options.picture and not (options.picture.endswith(".png") and Path(options.picture).parent.is_dir()):
        raise InputError(f"--picture {options.picture}: expected a .png file in a folder that exists")
    dataset = open_dataset(getattr(options, "data", "scenes"), getattr(options, "root", None), options.split)
    results, rows = compare(options.weights, dataset, device)
    terminal.results(results, dataset)
    if options.picture:
        save_predictions(options.picture, rows, dataset.classes, dataset.palette)
        terminal.say(f"wrote {options.picture}")


def predict(options):
    """Write a label map for each image, a PNG whose values are the classes, and a picture of it."""
    files = _files(options)
    model, about = load_model(options.weights)
    device = _device(options)
    model.to(device)
    preprocessing = Preprocessing.from_dict(about["preprocessing"])
    for source, label_file, view in files:
        image = read_image(source)
        label = predict_image(model, image, preprocessing, device)
        rows = [(image, None, {"prediction": label})]
        label_file.parent.mkdir(parents=True, exist_ok=True)
        _label_map(label, about["palette"]).save(label_file)
        save_predictions(view, rows, about["classes"], about["palette"])
        terminal.say(f"{source}: wrote {label_file} and {view}")


def summary(options):
    """Print an FCN or a classifier layer by layer, from its geometry alone: nothing is computed.

    A classifier is shown convolutionized: on its own image size one score of each class, on larger images a map.
    """
    resolve_device(options.device)  # only to refuse a GPU that is not there: nothing is computed
    name = options.model
    settings = ("n_class", "width", "fc_channels", *OF_FCNS)
    given = {key: getattr(options, key) for key in settings if hasattr(options, key)}
    _check_use(name, given)
    model = (MODELS | BACKBONES)[name](**given)
    side = model.image_size if name in BACKBONES else 500
    image = getattr(options, "image", (side, side))
    terminal.summary(model, summarize(model, image), image)
    terminal.figures(model, figures(model), None if name in BACKBONES else classifiers_field(model))


def _check_use(name, given):
    """InputError for an option that the network of this name would ignore."""
    for key in OF_FCNS if name in BACKBONES else ():
        if key in given:
            raise InputError(
                f"{option(key)} {given[key]}: {name} is a classifier, and that is for FCNs, as fcn32s: leave it out"
            )
    check_backbone(name, given)


def arithmetic(options):
    """Print the arithmetic of a convolution and its transpose, along one axis, or the slides' seven cases; --out draws.

    Pictures go to DIR, those of the seven cases to a folder each.
    """
    resolve_device(options.device)  # only to refuse a GPU that is not there: nothing is computed there
    names = ("input", "kernel", "stride", "padding", "dilation")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if given and not given.keys() >= {"input", "kernel"}:
        raise InputError("a case needs both --input and --kernel; without any number: the slides' seven cases")
    cases = SEVEN_CASES
    if given:
        cases = (relationship(given.pop("input"), given.pop("kernel"), **given),)
    folders = picture_folders(options.out, cases, options.overwrite) if options.out else []
    terminal.arithmetic(cases)
    for folder, case in folders:
        draw_pictures(folder, case)
        terminal.say(f"in {folder}: {', '.join(FILES)}")


def check(options):
    """Compare every layer's hand-written gradients, and a small FCN-8s', with central differences."""
    reports = check_everything(_device(options))
    terminal.checks(reports)
    if wrong := [name for name, report in reports if not report.ok()]:
        raise InputError(f"gradients differ from the numerical ones: {', '.join(wrong)}")


def bench(options):
    """Time whole networks, convolutions and other layers beside PyTorch on the same cores, and measure peak memory.

    Each figure is a ratio within this run. All sections take some minutes.
    """
    run_bench(_device(options), options.sections or BENCH_SECTIONS, options.out, options.overwrite)


def _device(options):
    """The device asked for; says in one line which it is and why."""
    device, reason = resolve_device(options.device)
    terminal.say(reason)
    return device


def _run(kind, settings, options):
    """Train, as a `Trainer` of this kind does."""
    device = _device(options)
    trainer = kind(settings, options.out, device, options.resume, options.overwrite)
    terminal.describe_run(trainer)
    with terminal.Watch() as watch:
        trainer.run(watch)
    draw_run(trainer)
    terminal.files(trainer.folder.path)


def _fresh_folder(out):
    """The folder asked for, or runs/demo, runs/demo-2, ...: the first that does not exist."""
    if out:
        return Path(out)
    folder, number = Path("runs/demo"), 1
    while folder.exists():
        number += 1
        folder = Path(f"runs/demo-{number}")
    return folder


def _files(options):
    """[(image, label map, view)] of predict. Raises InputError before anything is computed or written."""
    out, sources = Path(options.out), [Path(image) for image in options.images]
    for source in sources:
        if not source.is_file():
            raise InputError(f"image {source}: there is no such file")
    if out.suffix.lower() in Image.registered_extensions() and not out.is_dir():
        if out.suffix.lower() != ".png":
            raise InputError(f"--out {out}: label maps are written as .png, which keeps their values, or name a folder")
        if len(sources) > 1:
            raise InputError(f"--out {out} is one file, but {len(sources)} images are given: name a folder")
        label_files = [out]
    else:
        label_files = [out / f"{source.stem}.png" for source in sources]
    files = [(s, f, f.with_name(f"{f.stem}_view.png")) for s, f in zip(sources, label_files)]
    written = [path for _, *paths in files for path in paths]
    if len(set(written)) < len(written):
        raise InputError("two of the images would be written to one file: predict them one by one")
    for path in written:
        if path.resolve() in {source.resolve() for source in sources}:
            raise InputError(f"{path} is one of the images themselves: name another --out")
        if path.exists() and not options.overwrite:
            raise InputError(f"{path} exists: give --overwrite to replace it, or another --out")
    return files


def _label_map(label, palette):
    """A palette picture whose values are the classes, 255 for void."""
    picture = Image.fromarray(label).convert("P")
    colours = [tuple(colour) for colour in palette] + [(0, 0, 0)] * (VOID - len(palette)) + [VOID_COLOUR]
    picture.putpalette([value for colour in colours for value in colour])
    return picture
