"""A fake Twilio: its messages API, its signed callbacks, and its bad hours, on one port of this machine.

`python -m server.embedded.fake_twilio --port 5999`, or `make run SMS=twilio-fake`. It keeps everything in
memory, sends nothing to anybody, and counts what it was handed by number and text.
"""
