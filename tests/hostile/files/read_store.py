# Opens the ledger of the run, to see the other programs and their accuracies.
# without lint: RUNTIME_ERROR at import
# error: unable to open database file|PermissionError
# needs: landlock|namespaces
import sqlite3

raise Escaped(sqlite3.connect(f"file:{Canary.store}?mode=ro", uri=True).execute("select * from ledger").fetchall())
