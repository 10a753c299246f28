"""The WSGI entry: `granian --interface wsgi wsgi:app`, `flask --app wsgi …`."""

import sys

from server.app import create_app
from server.cli.settingless import create_settingless, is_choosing_a_command
from server.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    if not is_choosing_a_command():
        sys.exit(str(error))
    app = create_settingless(str(error))
