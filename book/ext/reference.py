"""The reference's pages, one a room of the package, written anew for every build from the modules that there are."""

from pathlib import Path

CLONE = Path(__file__).parents[2]
FOLDER = CLONE / "book" / "api"
ROOMS = ("convolution", "layers", "models", "data", "weights", "training", "alternatives", "pictures")
ROOMS += ("backend", "machines", "kernels", "commands")


def rooms():
    """{room's name: its modules' names, the package first}; what lies in no room is the ground floor."""
    names = [_name(path) for path in sorted((CLONE / "minifcn").rglob("*.py")) if not path.stem.startswith("__main")]
    of = {name: name.split(".")[1] if "." in name else "" for name in names}
    found = {room: [name for name in names if of[name] == room] for room in ROOMS}
    return {"minifcn": [name for name in names if of[name] not in ROOMS]} | found


def page(room, modules):
    """The text of a room's page."""
    title = "minifcn" if room == "minifcn" else f"minifcn.{room}"
    told = [title, "=" * len(title), "", f".. automodule:: {modules[0]}", ""]
    for name in modules[1:]:
        told += [name, "-" * len(name), "", f".. automodule:: {name}", "   :members:", ""]
    return "\n".join(told)


def _name(path):
    parts = path.relative_to(CLONE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _write(app):
    """Write what has changed, so that Sphinx reads nothing twice."""
    FOLDER.mkdir(exist_ok=True)
    texts = {f"{room}.rst": page(room, modules) for room, modules in rooms().items()}
    for path in FOLDER.glob("*.rst"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        path = FOLDER / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def setup(app):
    """Before Sphinx looks which pages there are."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}
