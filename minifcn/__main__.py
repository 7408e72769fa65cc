import sys

from minifcn.commands.main import main

sys.exit(main())
