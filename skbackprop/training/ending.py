"""Why training stopped, in one line, and whether it was cut off."""

INTERRUPT = "interrupt"
LIMITS = {
    "max_iter": "all epochs of max_iter are done",
    "max_time": "max_time is over",
    INTERRUPT: "interrupted by the user",
}


def reason(limit, records, rules):
    """Why the members of a run stopped; `limit` as `train` returns it, or INTERRUPT."""
    n_iter = max((record.n_iter for record in records), default=0)
    rule, without = rules[0], min(record.patience.n_epochs_without for record in records)
    if limit is not None:
        why = LIMITS[limit]
    elif without > rule.n_iter_no_change:
        what = "validation score" if rule.by_score else "training loss"
        why = f"no progress of the {what} in {without} epochs"
    else:
        why = "a callback asked for it"
    kept = sorted({record.best_epoch + 1 for record in records if record.best_epoch >= 0})
    if kept and rule.keeps_best:
        span = f"epoch {kept[0]}" if len(kept) == 1 else f"epochs {kept[0]} to {kept[-1]}"
        why += f"; the weights are those of {span}"
    return f"Stopped after {n_iter} epoch{'' if n_iter == 1 else 's'}: {why}."


def is_cut_off(limit, record, rule, rate):
    """Whether a limit came before training was at its end.

    It was not, where a schedule over the planned epochs has come to its end, or where early stopping has
    found its best epoch before the last one.
    """
    if limit == "max_time":
        return True
    if limit != "max_iter" or rate.is_planned:
        return False
    return not (rule.keeps_best and 0 <= record.best_epoch < record.n_iter - 1)
