"""python -m lessons in the clone's folder, python CLONE/lessons anywhere."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

try:
    from lessons.cli import main
except ModuleNotFoundError as error:
    missing = f"{error.name} is not installed"
    hint = 'pip install -e ".[lessons]" in the clone\'s folder'
    print(f"lessons: error: {missing}: {hint}", file=sys.stderr)
    sys.exit(2)

sys.exit(main())
