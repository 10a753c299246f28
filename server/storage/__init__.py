"""Bytes outside the database: the object store (only boto3 import) and photo inspection (only Pillow)."""
