"""Whether a registry can be used: it is read as `--registry` reads it, and every fault is listed."""

from detectors.covertness.words import plural
from schemas.errors import LockstepError
from streams.doctor.finding import Finding, Status
from streams.reference_files.registry_file import read_registry


def registry(path: str) -> Finding:
    """Whether a registry file is valid, and how much it holds."""
    try:
        found = read_registry(path)
    except LockstepError as error:
        return Finding(
            check="registry",
            status=Status.FAIL,
            found=str(error),
            mend="Correct the file; its fields are in docs/sources.md.",
        )
    accounts = sum(len(entity.accounts) for entity in found.entities)
    domains = sum(len(entity.domains) for entity in found.entities)
    if not accounts and not domains:
        return Finding(
            check="registry",
            status=Status.WARN,
            found=f"{path}: {plural(len(found.entities), 'entity')}, none with an account or a domain.",
            mend="No post or account can be linked to them. Add accounts, handles or domains.",
        )
    return Finding(
        check="registry",
        status=Status.OK,
        found=f"{path}: {plural(len(found.entities), 'entity')}, {plural(accounts, 'account')}, "
        f"{plural(domains, 'domain')}",
    )
