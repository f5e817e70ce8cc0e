"""The first schemas of a process may be compiled by several threads at the same moment.

Without the lock in ``adapters/xml/schemas.py`` about one process in ten fails, as
"Document is not valid XML Schema", and only at its first compilation: hence new processes.
"""

import subprocess
import sys

PROCESSES = 15
FIRST_MOMENT = """
import threading
from adapters.xml import Schemas
from hub.messages import COMMON, PUBLISHED, TICKETING
schemas, start, failed = Schemas(), threading.Barrier(4), []
def compile(namespace):
    start.wait()
    try:
        schemas._schema(namespace)
    except Exception as error:
        failed.append(error)
threads = [
    threading.Thread(target=compile, args=(one,))
    for one in (PUBLISHED, TICKETING, COMMON, PUBLISHED)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
raise SystemExit(str(failed) if failed else 0)
"""


def test_threads_that_compile_first_do_not_break_each_other() -> None:
    """No process fails, however many threads begin at once."""
    started = [
        subprocess.Popen([sys.executable, "-c", FIRST_MOMENT], stderr=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    said = [process.communicate(timeout=60)[1] for process in started]
    assert [text for text in said if text] == []
    assert all(process.returncode == 0 for process in started)
