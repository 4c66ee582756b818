"""`migrate`, and the other tasks of the tests."""

import os
import signal
import sys
import time

import database

behaviour, command = os.environ["BEHAVIOUR"], sys.argv[1]
if command == "migrate":
    if not database.answers():
        sys.exit("django.db.utils.OperationalError: the database refuses us")
    if behaviour == "migration-fails":
        print("  Applying shop.0002_price...", flush=True)
        sys.exit('django.db.utils.ProgrammingError: column "price" already exists')
    if behaviour == "migration-slow":
        time.sleep(60)
    if behaviour == "migrates":
        print("  Applying shop.0002_price... OK")
    else:
        print("  No migrations to apply.")
elif command == "scheduler":
    signal.pause()
elif command == "exit":
    print("to standard output")
    print("to standard error", file=sys.stderr)
    sys.exit(int(sys.argv[2]))
elif command == "count":
    for number in range(int(sys.argv[2])):
        print(number)
