"""`lockstep doctor`: runs all checks and prints what each found and what to do about it."""

from collections.abc import Callable

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.errors import UsageError
from streams.doctor import distribution, machine
from streams.doctor.finding import Finding, Status
from streams.doctor.memory import memory
from streams.doctor.reference import registry as registry_is_valid
from streams.outputs.plain_text import plain
from streams.settings.settings import Settings, load_settings, setting_values
from streams.version import VERSION

_MARKS = {Status.OK: ("ok", "green"), Status.WARN: ("warn", "yellow"), Status.FAIL: ("FAIL", "bold red")}

_ENVIRONMENT: tuple[Callable[[], Finding], ...] = (
    distribution.python_version,
    distribution.packages_are_ours,
    distribution.dependencies,
    machine.compiled_code_is_kept,
    machine.temporary_space,
    machine.output_encoding,
    machine.clock,
    machine.cores,
)


class DoctorReport(msgspec.Struct, frozen=True, kw_only=True):
    """All checks and their results."""

    code_version: str
    healthy: bool
    """Whether nothing failed."""
    checks: list[Finding]
    config_hash: str | None
    """Digest of the settings of detection; absent if they cannot be read."""
    settings: dict[str, object]
    """Every setting by its dotted name."""


def examine(config: str | None, *, registry: str | None = None, live: bool = False) -> DoctorReport:
    """Run all checks.

    Args:
        config: a settings file, or None for the defaults.
        registry: a registry file to check as well.
        live: whether to check what the live service needs as well: brokers, topics, and the metrics of a worker.
    """
    checks = [check() for check in _ENVIRONMENT]
    settings: Settings | None = None
    try:
        settings = load_settings(config)
    except UsageError as error:
        checks.append(
            Finding(check="settings", status=Status.FAIL, found=str(error), mend="Correct the file.")
        )
    else:
        checks.append(
            Finding(
                check="settings",
                status=Status.OK,
                found=f"{config} is valid" if config else "the defaults (no --config)",
            )
        )
        checks.append(memory(settings.detection, settings.worker if live else None))
    if registry is not None:
        checks.append(registry_is_valid(registry))
    if live and settings is not None:
        from streams.doctor.live import live as live_service  # noqa: PLC0415 - laptops need no Kafka client

        checks += live_service(settings)
    return DoctorReport(
        code_version=VERSION,
        healthy=all(finding.status is not Status.FAIL for finding in checks),
        checks=checks,
        config_hash=settings.detection.digest if settings is not None else None,
        settings=dict(sorted(setting_values(settings))) if settings is not None else {},
    )


def show_findings(console: Console, findings: DoctorReport) -> None:
    """Print the findings for a person."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column("status", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("found", ratio=1)
    for finding in findings.checks:
        mark, style = _MARKS[finding.status]
        found = finding.found if finding.status is Status.OK else f"{finding.found} {finding.mend}"
        table.add_row(Text(mark, style=style), finding.check, Text(plain(found, 2_000)))
    console.print(table)
    if findings.settings:
        console.print()
        console.print(f"settings (config hash {findings.config_hash})", style="bold")
        for name, value in findings.settings.items():
            console.print(Text(plain(f"  {name} = {msgspec.json.encode(value).decode()}")))
    console.print()
    failed = sum(finding.status is Status.FAIL for finding in findings.checks)
    console.print("Ready." if findings.healthy else f"{failed} of {len(findings.checks)} checks failed.")
