"""A child process that appends and prints what was acknowledged: run by the tests of crashes and of several writers.

    appending_child.py FOLDER URL [FILE_LIMIT_BYTES] < jobs

Each line of standard input, `start count`, forks a writer (modules are loaded once), whose process id is printed
first and whose end is told by `dead STATUS`.
"""

import os
import resource
import sys
from pathlib import Path

from ledger_parts import job_key, make_items, open_ledger

from brightline.core.errors import LedgerError

folder, url = Path(sys.argv[1]), sys.argv[2]


def append(start: int, count: int) -> int:
    with open_ledger(folder, url) as ledger:
        print("open", flush=True)
        for step in range(count):
            first = start + step * 10
            stop = first + 1 + step % 10
            keys = [job_key(number) for number in range(first, stop)]
            try:
                receipts = ledger.record(make_items(first, stop), keys)
            except LedgerError as error:
                print(f"error {error}", flush=True)
                return 3
            for key, receipt in zip(keys, receipts, strict=True):
                print("ack", receipt.index, receipt.leaf, key, flush=True)
    return 0


if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os._exit(append(*map(int, line.split())))
    print("pid", pid, flush=True)
    # On a line of its own, whatever the writer was saying when it was killed.
    print("\ndead", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
