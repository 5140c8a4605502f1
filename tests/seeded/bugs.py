"""The bugs: what is changed where, and which tests must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """One change that makes podtui wrong.

    Attributes:
        old: a text that is in the file exactly once.
        tests: the tests that must fail, as pytest names them.
    """

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


BUGS: tuple[Bug, ...] = (
    Bug(
        "a directory is not synced after a rename",
        "podtui/core/system/fs.py",
        """        os.rename(source, target)
        for directory in dict.fromkeys((target.parent, source.parent)):
            files.sync_directory(str(directory))
""",
        """        os.rename(source, target)
""",
        ("tests/actions/test_durability.py",),
    ),
    Bug(
        "a record is renamed before it is synced",
        "podtui/kernel/files.py",
        """            if sync:
                os.fsync(descriptor)
""",
        "",
        ("tests/actions/test_durability.py",),
    ),
    Bug(
        "could not tell counts as dead",
        "podtui/core/observe/verdict.py",
        "Rule(Finding.GONE_UNCONFIRMED, Verdict.UNKNOWN,",
        "Rule(Finding.GONE_UNCONFIRMED, Verdict.DEAD,",
        ("tests/observe/test_could_not_tell.py",),
    ),
    Bug(
        "one fact is enough for a death",
        "podtui/core/observe/verdict.py",
        "Rule(Finding.LOST, Verdict.DEAD, started=YES, claimed=NO, owner=NO)",
        "Rule(Finding.LOST, Verdict.DEAD, started=YES, claimed=NO)",
        ("tests/observe/test_could_not_tell.py", "tests/observe/test_status.py"),
    ),
    Bug(
        "what many see is written by each",
        "podtui/core/store/logs.py",
        "new = [entry for entry in wanted if not self._has(entry.id)]",
        "new = wanted",
        ("tests/store/test_journal.py",),
    ),
    Bug(
        "a torn line swallows the next one",
        "podtui/core/system/fs.py",
        """(b"\\n" if torn else b"") + line""",
        "line",
        ("tests/store/test_lines.py", "tests/store/test_journal.py"),
    ),
    Bug(
        "a cursor is reset when its record cannot be read",
        "podtui/core/output/cursors.py",
        "    elif record.is_missing:",
        "    elif record is not None:",
        ("tests/output/test_cursors.py",),
    ),
    Bug(
        "a cursor moves back",
        "podtui/core/output/cursors.py",
        "if now is not None and to <= now and not rewind and now != back_from:",
        "if now is not None and to == now:",
        ("tests/output/test_cursors.py",),
    ),
    Bug(
        "a spawn is entered in its parent's ledger twice",
        "podtui/core/store/children.py",
        "if any(known.id == entry.id for known in",
        "if not all(known.id for known in",
        ("tests/store/test_children.py",),
    ),
    Bug(
        "a number on record is enough for a signal",
        "podtui/core/processes/leftovers.py",
        "            return self._proc.stat(recorded.pid).start_ticks == recorded.start_ticks",
        "            return True",
        ("tests/actions/reap/test_never_signalled.py",),
    ),
    Bug(
        "nobody is looked at again before a signal",
        "podtui/core/processes/terminate.py",
        "return self._is_the_same(target, handle) and self._is_unprotected(target, handle)",
        "return self._is_the_same(target, handle)",
        ("tests/actions/reap/test_never_signalled.py",),
    ),
    Bug(
        "an unknown protected set protects nobody",
        "podtui/core/processes/protected.py",
        """raise _undetermined(f"the processes of {name!r} are not known: {record.sentence()}")""",
        "return",
        ("tests/actions/reap/test_leftovers_untold.py",),
    ),
    Bug(
        "a restore starts beside what it could not end",
        "podtui/core/actions/restore/one.py",
        "        if ended.survivors:",
        "        if not ended:",
        (
            "tests/actions/restore/test_restore_failures.py",
            "tests/actions/restore/test_restore_leftovers.py",
        ),
    ),
    Bug(
        "a restore resets the cursors",
        "podtui/core/actions/restore/finish.py",
        "    fs.rename(staged.root, store.paths.pod(pod).run(run.run).root)",
        """    fs.rename(staged.root, store.paths.pod(pod).run(run.run).root)
    for cursor in store.paths.pod(pod).cursors.glob("*.json"):
        cursor.unlink()""",
        ("tests/actions/restore/test_restore_viewers.py",),
    ),
    Bug(
        "two ledgers are merged: a scope that comes back takes the children along",
        "podtui/core/store/loans.py",
        "        system.fs.append_line(paths.loans, encode_json(line))",
        """        system.fs.append_line(paths.loans, encode_json(line))
        paths.children.unlink(missing_ok=True)""",
        ("tests/actions/loans/test_loan_parts.py",),
    ),
    Bug(
        "a bad line of a ledger hides what it may have lent",
        "podtui/core/store/loans.py",
        "return tuple(problem for problem in self.problems if not problem.torn)",
        "return ()",
        ("tests/actions/loans/test_loans.py",),
    ),
    Bug(
        "a prune believes what it saw when it was planned",
        "podtui/core/actions/trash/prune.py",
        "    now = inspector.look_at(planned.name)",
        "    now = planned",
        ("tests/actions/trash/test_prune.py",),
    ),
    Bug(
        "a purge follows links",
        "podtui/core/system/remove_tree.py",
        "os.O_NOFOLLOW",
        "0",
        ("tests/actions/trash/test_purge.py",),
    ),
    Bug(
        "an action that was broken off is forgotten",
        "podtui/core/actions/recovery.py",
        "    recovered = finisher(store, tx)\n",
        """    recovered = Recovered(finished=False, words="forgotten")
    assert finisher
""",
        (
            "tests/actions/restore/test_restore_killed.py",
            "tests/actions/trash/test_trash_killed.py",
        ),
    ),
    Bug(
        "a restored parent forgets its children",
        "podtui/core/actions/restore/one.py",
        "    store, name = job.store, job.pod.name\n    _wait_for_owner(job)",
        """    store, name = job.store, job.pod.name
    store.paths.pod(name).children.unlink(missing_ok=True)
    _wait_for_owner(job)""",
        ("tests/actions/restore/test_incident.py",),
    ),
    Bug(
        "a loss is noticed and not told",
        "podtui/core/observe/journal/ends.py",
        "self._store.diagnostics.append_once(loss for loss in losses if loss is not None)",
        "assert losses",
        ("tests/observe/test_loss_diagnostics.py",),
    ),
    Bug(
        "a kind of host that is not known counts as a supervisor",
        "podtui/core/hosts/registry.py",
        "return KINDS[run.host](store) if is_known(run) else UnknownHost(store, run.host)",
        "return KINDS[run.host if is_known(run) else PTY_HOST](store)",
        ("tests/hosts/test_unknown_kind.py",),
    ),
    Bug(
        "leftovers of a run that is not over are ended",
        "podtui/core/processes/leftovers.py",
        "    refuse_unless_over(store, past)\n",
        "",
        ("tests/hosts/test_contract.py",),
    ),
)
