"""The process of a local worker: `python -m rung.executors.worker`, started by `processes/process.py`, never by hand.

It has one thread, beside that of `usage.py`, and one socket. It looks at the socket when the training reports, and
blocks on it while it holds a trial or is idle. It never outlives its driver, and SIGTERM lets it save before it goes.
"""

import faulthandler
import signal
import socket
import sys

from rung.executors.messages import Ready
from rung.executors.worker.connection import Connection, die_with
from rung.executors.worker.loading import load
from rung.executors.worker.output import Output
from rung.executors.worker.usage import Metered


def main(socket_number: int, setup_number: int, driver: int) -> None:
    """Serve until the driver is gone or the machine wants this process gone.

    Args:
        socket_number: File descriptor of the connection to the driver.
        setup_number: File descriptor of the file that holds a `Setup`, shared by all workers.
        driver: Process id of the driver.
    """
    die_with(driver)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which asks us to yield
    faulthandler.enable()
    connection = Connection(socket.socket(fileno=socket_number))
    call = load(setup_number, connection.send)
    output = Output(call.output)
    metered = Metered(connection)
    connection.send(Ready())
    while (start := connection.next_start()) is not None:
        output.begin(start.job.trial)
        metered.begin(start.job)
        call(start.job, metered)
        output.end()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
