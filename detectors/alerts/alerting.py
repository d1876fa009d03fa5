"""When a change of a network is worth an alert, and the alert records themselves."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import msgspec

from detectors.accounts import AccountStore
from detectors.alerts.alert_record import RunState, WriterIdentity, alert_id, alert_record, assessed_at, under
from detectors.alerts.co_share_count import CoShareCount
from detectors.alerts.findings import found_together, has_aged, records, standing
from detectors.alerts.last_alert import LastAlert, changes, closing_changes, without_accounts, without_posts
from detectors.alerts.network_facts import NetworkFacts
from detectors.cases.case_book import CaseBook, CaseFacts
from detectors.config import DetectionConfig
from detectors.covertness import words
from detectors.covertness.assessment import Assessment
from detectors.covertness.covertness import Covertness, severity
from detectors.covertness.network_context import NetworkContext
from detectors.networks.networks import Network
from schemas.alerts import Alert, Mode, Severity, Suppression
from schemas.networks import Lifecycle

_GROWTH = 1.25
"""Factor of members from which a network is reported at once. A choice for few alerts; not measured."""
_BETWEEN_S = 86_400
"""Seconds between alerts about accounts that join: at most one a day."""
_SETTLED_S = 7 * 86_400
"""Seconds after which accounts that left are reported: as long as a peripheral member stays after it last passed
(`detectors.networks.network_stage`). Also after which less severity is reported."""


class AlertWriter:
    """Decides which changes are reported, numbers the revisions, and writes the alerts.

    A network is reported at once when it opens, takes another in, splits, ends, or has grown by a quarter. Accounts
    that join for the first time are reported after a day; accounts that leave, or come back, after a week, since most
    of them change their place again. Changes of its context are reported at once: suspicion comes or goes, another
    term would carry it by itself, it becomes more severe. So is a rule that mutes it or mutes it no more, and another
    network of the same case. A suspected network is also reported when it goes quiet, and when it posts again.

    While a network goes on as before, there is no alert. When it has stopped for a few days, or the run ends, one more
    states all that was seen (`stale`; `detectors.alerts.reporting`).

    Args:
        config: its hash goes into every alert.
        code_version: version of Lockstep.
        mode: live, replay or shadow.
        run_id: the run's id.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_writer", "_resolve_days"})
    _last_alerts: dict[int, LastAlert]

    def __init__(self, config: DetectionConfig, code_version: str, mode: Mode, run_id: str) -> None:
        self._writer = WriterIdentity(config.digest, code_version, mode, run_id)
        self._resolve_days = config.time.resolve_days
        self.cases = CaseBook()
        """The case of each network."""
        self._last_alerts = {}

    def forget_posts(self, post_ids: set[str], accounts: set[int]) -> None:
        """Take posts that were deleted out of the last alerts.

        Args:
            post_ids: of the posts.
            accounts: numbers of the accounts whose posts were evidence.
        """
        for last in self._last_alerts.values():
            last.deleted |= not accounts.isdisjoint(last.members)
            if any(not post_ids.isdisjoint(sample.post_ids) for sample in last.alert.evidence):
                last.alert = without_posts(last.alert, post_ids)
                last.outdated = True

    def forget_accounts(self, names: dict[int, str]) -> None:
        """Take accounts that were erased out of the last alerts.

        Args:
            names: `platform:account_id` of each, by account number.
        """
        for last in self._last_alerts.values():
            if not last.ever.isdisjoint(names):
                last.members -= names.keys()
                last.ever -= names.keys()
                last.alert = without_accounts(last.alert, set(names.values()))
                last.outdated = last.deleted = True

    def outdated(self, network: Network) -> bool:
        """Whether the last alert of a network shows posts that were deleted since."""
        last = self._last_alerts.get(network.number)
        return last is not None and last.outdated

    def needs_alert(self, network: Network, lifecycle: Lifecycle, now: int) -> bool:
        """Whether a change of membership at event time `now` is reported."""
        last = self._last_alerts.get(network.number)
        if last is None or lifecycle is Lifecycle.MERGED:
            return True
        members = set(network.members)
        if lifecycle is Lifecycle.SPLIT or members == last.members:
            return members != last.members
        if members <= last.ever:  # nobody is new: who left may come back
            return now - last.at >= _SETTLED_S
        return len(members) >= len(last.members) * _GROWTH or now - last.at >= _BETWEEN_S

    def last_alert(self, network: Network) -> LastAlert | None:
        """What is kept of the network's last alert; None if there was none."""
        return self._last_alerts.get(network.number)

    def is_suspected(self, network: Network) -> bool:
        """Whether the network was suspected in its last alert."""
        last = self._last_alerts.get(network.number)
        return last is not None and last.suspected

    def suspicion_changed(self, network: Network, covert: Covertness, now: int) -> bool:
        """Whether suspicion has come or gone since the last alert, or become stronger; weaker only after a week."""
        last = self._last_alerts.get(network.number)
        if last is None:
            return False
        if last.suspected is not covert.suspected:
            return True
        if not covert.suspected:
            return False
        ranks, muted = list(Severity), last.alert.suppression is not None
        level = severity(covert, last.alert.coordination, network.size, muted=muted)
        step = ranks.index(level) - ranks.index(last.alert.severity)
        return (
            not last.strong.issuperset(covert.strong)
            or step > 0
            or (step < 0 and now - last.at >= _SETTLED_S)
        )

    def quiet_changed(self, network: Network, context: NetworkContext) -> bool:
        """Whether a network that was suspected has gone quiet since its last alert, or posts again."""
        last = self._last_alerts.get(network.number)
        return last is not None and last.suspected and last.quiet is not (context.quiet_since is not None)

    def as_reported(
        self,
        network: Network,
        seen: Callable[[Network], CoShareCount],
        elsewhere: Callable[[int], bool],
    ) -> Network:
        """The network with the members of its last alert that left only because evidence has aged.

        Args:
            network: as it is now.
            seen: what the members of a network have co-shared.
            elsewhere: whether an account is a member of any network.
        """
        last = self._last_alerts.get(network.number)
        left = (
            []
            if last is None
            else [n for n in sorted(last.members.difference(network.members)) if not elsewhere(n)]
        )
        if last is None or last.deleted or not left:
            return network
        core = {number for number in left if number not in last.peripheral}
        peripheral = {number: last.peripheral[number] for number in left if number in last.peripheral}
        whole = replace(network, core=network.core | core, peripheral=network.peripheral | peripheral)
        if not last.members.issubset(whole.members) or not has_aged(last.found, seen(whole)):
            return network
        return whole

    def muting_changed(self, network: Network, muted: Suppression | None) -> bool:
        """Whether another rule mutes the network than at its last alert, or none does any more."""
        last = self._last_alerts.get(network.number)
        return last is not None and last.alert.suppression != muted

    def case_changed(self, network: Network, case: CaseFacts) -> bool:
        """Whether the network is in another case than at its last alert, or with networks that were not in it."""
        last = self._last_alerts.get(network.number)
        if last is None:
            return False
        known = {other.network_id for other in last.alert.related_networks}
        return last.alert.case_id != case.case_id or any(
            other.network_id not in known for other in case.related
        )

    def kind_gained(self, network: Network, seen: CoShareCount, now: int) -> bool:
        """Whether members share another kind of trace than in any alert so far; at most once a day."""
        last = self._last_alerts.get(network.number)
        return last is not None and now - last.at >= _BETWEEN_S and not last.kinds.issuperset(seen.kinds)

    def stale(self, network: Network, seen: CoShareCount) -> bool:
        """Whether members have co-shared more than the last alert says, or are others."""
        last = self._last_alerts.get(network.number)
        return last is not None and (
            last.outdated
            or seen.latest > last.latest
            or seen.objects > last.found.objects
            or set(network.members) != last.members
        )

    def close(
        self,
        network: Network,
        lifecycle: Lifecycle,
        now: int,
        successor: Network | None,
        case_id: str,
        muted: Suppression | None = None,
    ) -> Alert | None:
        """The closing alert of a network that was resolved or absorbed; None if there was no alert about it.

        Args:
            network: the network that ends.
            lifecycle: how it ends.
            now: event time, seconds.
            successor: the network that absorbed it; None: it was resolved.
            case_id: its case.
            muted: the rule that mutes it.
        """
        last = self._last_alerts.pop(network.number, None)
        if last is None:
            return None
        if successor is not None:
            ending = f"The network is now part of {successor.network_id}, which has most of its members."
        else:
            ending = f"The network is closed: nothing new was seen of it for {words.plural(self._resolve_days, 'day')}."
        closing = msgspec.structs.replace(
            under(last.alert, muted),
            alert_id=alert_id(network.network_id, last.revision + 1),
            revision=last.revision + 1,
            lifecycle=lifecycle,
            successor_id=None if successor is None else successor.network_id,
            case_id=case_id,
            emitted_at=words.utc(now),
            explanation=f"{ending} Last report, of {words.day(last.at)}: {last.alert.explanation}",
            assessed_at=assessed_at(last.alert, last.at),
            suggested_actions=[],
        )
        return msgspec.structs.replace(closing, changes=closing_changes(last.alert, closing))

    def write(
        self,
        facts: NetworkFacts,
        assessment: Assessment,
        accounts: AccountStore,
        case: CaseFacts,
        lifecycle: Lifecycle,
        run: RunState,
    ) -> Alert:
        """Write the next alert about a network. Where evidence has aged since the last one, what was found then stands.

        Args:
            facts: what the members shared.
            assessment: what is known of the members, and the score drawn from it.
            accounts: names of accounts.
            case: its case, and the networks close to it.
            lifecycle: what happened.
            run: how far the run has come.
        """
        network, covert = facts.network, assessment.covert
        last = self._last_alerts.get(network.number)
        quiet = assessment.context.quiet_since is not None
        stands = last is not None and _nothing_new(last, facts)
        if last is not None and stands:
            found, parts = last.found, standing(last.found, last.alert)
        else:
            found, parts = found_together(facts, assessment.context, run.now), records(facts, accounts.names)
        alert = alert_record(
            facts, found, parts, assessment, accounts, last, lifecycle, run, self._writer, stands=stands
        )
        alert = msgspec.structs.replace(alert, case_id=case.case_id, related_networks=case.related)
        alert = msgspec.structs.replace(
            alert, changes=changes(last, alert, facts.members, accounts.names, quiet=quiet)
        )
        self._last_alerts[network.number] = LastAlert(
            revision=alert.revision,
            members=set(facts.members),
            ever=set(facts.members) | (last.ever if last else set()),
            at=run.now,
            suspected=covert.suspected,
            strong=set(covert.strong) | (last.strong if last else set()),
            quiet=quiet,
            kinds=set(facts.co_shared.kinds) | (last.kinds if last else set()),
            found=found,
            latest=max(facts.co_shared.latest, last.latest if last else 0),
            alert=alert,
            peripheral={n: s for n, s in network.peripheral.items() if n not in network.core},
        )
        return alert


def _nothing_new(last: LastAlert, facts: NetworkFacts) -> bool:
    """Whether evidence has aged since an alert and none has come, or none is left at all."""
    if last.deleted:
        return False
    same = last.members.issubset(facts.members)  # where members have left, their objects went with them
    return (same and has_aged(last.found, facts.co_shared)) or not (facts.kinds or facts.tied)
