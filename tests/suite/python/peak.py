"""Runs a command, and says how much memory it had at most: of a process that ended only its parent is told."""

import json
import resource
import subprocess
import sys

given = json.load(sys.stdin)
ran = subprocess.run(given["command"], env=given["environment"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"code": ran.returncode, "said": ran.stdout + ran.stderr, "peak": kilobytes * 1024}))
