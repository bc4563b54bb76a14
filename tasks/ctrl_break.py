"""Runs a command, and sends it Ctrl-Break when stdin ends: for `tasks/smoke.ts` on Windows.

There a program that is to end in order must be sent a key of its console, which reaches all of a process
group: so the command gets a group of its own, which Deno cannot give it. Elsewhere the signal is SIGTERM,
by which this was tried on Linux; on Windows it has not been run yet.
"""

import signal
import subprocess
import sys

is_windows = sys.platform == "win32"
child = subprocess.Popen(
    sys.argv[1:],
    stdin=subprocess.DEVNULL,
    creationflags=subprocess.CREATE_NEW_PROCESS_GROUP if is_windows else 0,
)
sys.stdin.read()
child.send_signal(signal.CTRL_BREAK_EVENT if is_windows else signal.SIGTERM)
sys.exit(child.wait())
