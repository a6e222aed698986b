"""A Bolt server for tests: ArcadeDB from PyPI, which brings its own Java. Run by path.

usage: python bolt_server.py DIRECTORY BOLT_PORT HTTP_PORT PASSWORD

Prints ``ready``, then makes a database for every name it reads and prints the name; ends when its
input does.
"""

import os
import sys

import arcadedb_embedded


def main() -> None:
    directory, bolt_port, http_port, password = sys.argv[1:]
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the server logs to standard output
    config = {
        "bolt_port": int(bolt_port),
        "http_port": int(http_port),
        "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
    }
    server = arcadedb_embedded.create_server(directory, root_password=password, config=config)
    server.start()
    print("ready", file=replies, flush=True)
    for line in sys.stdin:
        server.create_database(line.strip())
        print(line.strip(), file=replies, flush=True)
    os._exit(0)  # without waiting for queries that never end


main()
