"""K09 and staffing gaps: posts at which somebody is missing who is required.

Present is who is there or is checked in: a guard who forgot to clock in covers the post, and a
clocked-in name covers it on paper, which is what a controller can know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Floats, Ints
from vigia.simulator.label.case import HOUR_US, MINUTE_US, Case
from vigia.simulator.label.found import FOUND, found
from vigia.simulator.label.workload import needed_duties

GRACE_US, MUST_MAN_GRACE_US = 15 * MINUTE_US, 10 * MINUTE_US
AHEAD_US = 4 * HOUR_US
"""How long before a shift its gap is to be foreseen."""
HIGH_RISK = 4


@dataclass(frozen=True, slots=True)
class Deficits:
    """How many people are missing at each post over time.

    Attributes:
        segments: `post`, `from_us`, `to_us`, `missing`, `present`; in order, without gaps
            within the span of each post's events.
    """

    segments: pl.DataFrame

    def minutes(self, post: Ints, from_us: Ints, to_us: Ints) -> Floats:
        """Minutes of missing people at each post in each interval."""
        table = self.segments
        if table.is_empty():
            return np.zeros(len(post))
        length = (table["to_us"] - table["from_us"]).to_numpy()
        lost = np.cumsum(length * table["missing"].to_numpy()).astype(np.float64)
        # Post and instant in one number, so that one interpolation answers for every post.
        origin = int(table["from_us"].to_numpy().min())
        span = int(table["to_us"].to_numpy().max()) - origin + 1
        knots = table["post"].to_numpy() * span + table["to_us"].to_numpy() - origin
        starts = table["post"].to_numpy() * span + table["from_us"].to_numpy() - origin
        order = np.argsort(np.r_[starts, knots], kind="stable")
        x = np.r_[starts, knots][order].astype(np.float64)
        y = np.r_[lost - length * table["missing"].to_numpy(), lost][order]
        ask = (np.clip(at - origin, 0, span - 1) + post * span for at in (from_us, to_us))
        before, after = (np.interp(a.astype(np.float64), x, y) for a in ask)
        gap: Floats = (after - before) / MINUTE_US
        return gap


def deficits(case: Case) -> Deficits:
    """Required less present people, by post."""
    needed = needed_duties(case.duties)
    there = case.manned.select(
        "post",
        from_us=_least("on_from_us", "here_from_us"),
        to_us=pl.max_horizontal("on_to_us", "here_to_us"),
    )
    steps = pl.concat(
        [
            needed.select("post", at_us="starts_us", need=pl.lit(1), here=pl.lit(0)),
            needed.select("post", at_us="ends_us", need=pl.lit(-1), here=pl.lit(0)),
            there.select("post", at_us="from_us", need=pl.lit(0), here=pl.lit(1)),
            there.select("post", at_us="to_us", need=pl.lit(0), here=pl.lit(-1)),
        ]
    )
    sums = steps.group_by("post", "at_us").agg(pl.col("need").sum(), pl.col("here").sum())
    levels = sums.sort("post", "at_us").with_columns(
        to_us=pl.col("at_us").shift(-1).over("post"),
        required=pl.col("need").cum_sum().over("post"),
        present=pl.col("here").cum_sum().over("post"),
    )
    missing = pl.max_horizontal(pl.col("required") - pl.col("present"), 0)
    return Deficits(
        levels.drop_nulls("to_us").select(
            "post", "to_us", "present", from_us="at_us", missing=missing.cast(pl.Int64)
        )
    )


def _least(*names: str) -> pl.Expr:
    """The earliest of some instants, of which -1 is none."""
    known = [pl.when(pl.col(name) >= 0).then(name) for name in names]
    return pl.min_horizontal(known)


def coverage_gaps(case: Case, lack: Deficits) -> pl.DataFrame:
    """K09: somebody is missing for longer than the grace, and something is due or must be manned."""
    short = lack.segments.with_columns(run=(pl.col("missing") > 0).rle_id().over("post"))
    gaps = (
        short.filter(pl.col("missing") > 0)
        .group_by("post", "run", maintain_order=True)
        .agg(
            onset_us=pl.col("from_us").min(),
            end_us=pl.col("to_us").max(),
            least=pl.col("present").min(),
        )
    )
    posts = case.world.posts.select("post", "site", "code", "must_man", "armed")
    gaps = gaps.join(posts, on="post", how="left", maintain_order="left").join(
        case.world.sites.select("site", "risk_tier"), on="site", how="left", maintain_order="left"
    )
    strict = pl.col("must_man") | (pl.col("risk_tier") >= HIGH_RISK)
    grace = pl.when(strict).then(MUST_MAN_GRACE_US).otherwise(GRACE_US)
    gaps = _with_due(case, gaps).with_columns(
        detectable_us=pl.max_horizontal(
            pl.col("onset_us") + grace, pl.when(~pl.col("must_man")).then("due_us")
        )
    )
    gaps = gaps.filter(
        (pl.col("must_man") | pl.col("due_us").is_not_null())
        & (pl.col("detectable_us") < pl.col("end_us"))
    )
    grave = pl.when(pl.col("must_man") | pl.col("armed")).then(pl.lit("CRITICAL"))
    total = pl.col("least") == 0
    level = grave.when(total).then(pl.lit("HIGH")).otherwise(pl.lit("MEDIUM"))
    return found(
        gaps,
        "K09",
        subtype=pl.when(total).then(pl.lit("total")).otherwise(pl.lit("partial")),
        scope_kind="post",
        scope=pl.col("code"),
        severity=level,
    )


def _with_due(case: Case, gaps: pl.DataFrame) -> pl.DataFrame:
    """Gaps with the first instant at which something is due at the post (`due_us`), or null.

    What was over before the gap began is not due in it.
    """
    posts = case.duties.select("duty", "post")
    over = {"task": "closed_us", "tour_run": "ended_us", "welfare": "answered_us"}
    due = pl.concat([case.fact(n).select("duty", "due_us", over_us=end) for n, end in over.items()])
    due = due.join(posts, on="duty").select("post", "due_us", "over_us")
    both = gaps.select("post", "onset_us", "end_us").join(due, on="post")
    within = (pl.col("due_us") >= pl.col("onset_us")) & (pl.col("due_us") < pl.col("end_us"))
    still = (pl.col("over_us") < 0) | (pl.col("over_us") > pl.col("onset_us"))
    first = both.filter(within & still).group_by("post", "onset_us").agg(pl.col("due_us").min())
    found_due = gaps.join(first, on=["post", "onset_us"], how="left", maintain_order="left")
    return found_due.sort("post", "onset_us")


def shift_gaps(case: Case, lack: Deficits) -> pl.DataFrame:
    """One row a shift that was needed: `shift_code`, `post`, `site`, times, and `gap_min`."""
    shifts = (
        needed_duties(case.duties)
        .group_by("shift_code", "post", "site", maintain_order=True)
        .agg(pl.col("starts_us").min(), pl.col("ends_us").max())
    )
    gap = lack.minutes(*(shifts[name].to_numpy() for name in ("post", "starts_us", "ends_us")))
    return shifts.with_columns(gap_min=pl.Series(gap.round(1)))


def staffing_gaps(case: Case, shifts: pl.DataFrame) -> pl.DataFrame:
    """Shifts that lack somebody for longer than the grace, to be foreseen four hours before."""
    if shifts.is_empty():
        return FOUND.to_frame()
    short = shifts.filter(pl.col("gap_min") * MINUTE_US > GRACE_US)
    post = short["post"]
    critical = case.world.posts["must_man"].gather(post)
    return found(
        short,
        "STAFFING_GAP",
        scope_kind="post",
        scope=pl.lit(case.world.posts["code"].gather(post)),
        onset_us=pl.col("starts_us") - AHEAD_US,
        detectable_us=pl.col("starts_us"),
        end_us=pl.col("ends_us"),
        severity=pl.when(critical).then(pl.lit("HIGH")).otherwise(pl.lit("MEDIUM")),
        params=pl.concat_str(
            pl.lit('{"shift":"'),
            "shift_code",
            pl.lit('","gap_minutes":'),
            pl.col("gap_min").cast(pl.String),
            pl.lit("}"),
        ),
    )
