"""What checks of sites share: too small a share of what there should be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from vigia.domain.findings.pattern import Leg, Numbers, Verdict, scopes
from vigia.domain.findings.types import ScopeKind, Severity
from vigia.domain.watch.known import Known


def low_share(
    known: Known,
    kind: str,
    severity: Severity,
    window: timedelta,
    legs: tuple[Leg, ...],
    figures: Mapping[str, Numbers],
    *,
    hold: timedelta = timedelta(),
) -> Verdict:
    """A verdict over active sites whose share is below a bound, until it is reached again.

    Args:
        known: What is known.
        kind: Type of the findings.
        severity: Of all of them.
        window: How far the check looks back.
        legs: What must be there for the share to say something; last, the share in percent and
            the bound that it must not fall below.
        figures: Numbers that explain it.
        hold: How long the share must be reached.
    """
    *enough, share = legs
    sites = known.things.site_ids
    low = share.value < share.bound
    says = np.logical_and.reduce([leg.holds for leg in enough]) if enough else True
    return Verdict(
        kind,
        ScopeKind.SITE,
        scopes(sites, site_id=sites),
        low & says & known.things.is_active[:, None],
        np.full(low.shape, severity.rank),
        window,
        cleared=~low,
        hold=hold,
        legs=legs,
        figures=figures,
    )
