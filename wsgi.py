"""The WSGI entry: `granian --interface wsgi wsgi:app`, `flask --app wsgi …`."""

import sys

from server.app import create_app
from server.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))
