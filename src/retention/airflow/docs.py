"""What the DAG and its tasks say of themselves in Airflow's interface, as Markdown."""

DAG = """\
### The night

Plans what the retention matrix says is over, checks, asks where somebody has to be asked, carries it out in small
transactions, looks again, and reports.

**Matrix:** `{matrix}`

| task | does | red means |
|---|---|---|
| plan | settles what broke off, counts, records the plan in the ledger | refused: nothing was changed |
| quality | counts unreadable clocks and orphans | the databases couldn't be asked |
| approve | asks a person for exactly this plan; *skipped* where nobody has to be asked | it couldn't ask |
| authorise | opens the run with what the ledger says about approvals | nothing was changed |
| purge | one mapped task per plan unit | a rule failed or was refused; the others went on |
| verify | looks at the databases by another way | something due is left, or a row lost its parent |
| report | closes and signs the run, writes the reports | the run is still open |
| outcome | the colour of the night | anything failed, was refused, broke off or is overdue |

**Going on after a failure:** clear the red purge task; it goes on in the same run where it ended, until the report
has closed it. After that, trigger the DAG anew: what is done is not done twice.

**A day of your own:** trigger with the form. The run as of a day is the same whenever it is made.

The ledger has every batch, count and decision; XComs and logs have counts and names of rules only.
"""

PLAN = """\
Settles runs that broke off, checks the matrix against the databases, counts exactly what is due per rule, and records
the plan in the ledger by its digest. Changes nothing in the databases. As-of is the form's day, else the day in Seoul
on which the run is due; retries and cleared runs keep it.
"""

QUALITY = """\
Counts null, unreadable and future clocks per rule, and orphans per relation, as SQL in the database. A rule beyond what
the matrix tolerates is not carried out tonight; the others are.
"""

APPROVE = """\
Asks for approval of exactly this plan where a limit is exceeded, a rule is new or changed, or the matrix wants to be
asked. Answer it under *Required Actions*; the ledger keeps who answered, when, and the note. Without an answer in time
it counts as rejected.

**Skipped** means that nobody had to be asked; the log says why. A rejection does not stop the night: the rules that
wait are withheld, the others are carried out.
"""

AUTHORISE = """\
Opens the run in the ledger: which rules may be carried out is decided from the ledger by the plan's digest, never from
an XCom. Hands out the plan units to the mapped tasks.
"""

PURGE = """\
Carries out its plan units in small transactions, children first. Every batch is in the ledger before it is committed,
and every statement checks the whole condition again, so that a kill or a retry destroys nothing twice and nothing else.

*Skipped*: every rule with rows waits or was denied. *Red*: a rule failed or was refused; its unit's others went on.
"""

VERIFY = """\
Looks at the databases again, by another way than the tasks that changed them: nothing due is left but what had to
stay, changed columns look changed, and no row lost its parent.
"""

REPORT = """\
Closes the run, signs it into the ledger, and writes the report in Korean and English. The button *Report* shows it
inside Airflow.
"""

OUTCOME = """\
Red if anything failed, was refused, broke off or is overdue, with one line for each; rules that wait for an answer
don't make it red.
"""
