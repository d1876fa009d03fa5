"""What only one entity of a registry can have: accounts, handles and domains, in the forms that are compared."""

import functools
import unicodedata
from enum import StrEnum
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList

from schemas.registry import RegistryEntity
from schemas.values import platform_name


class ClaimKind(StrEnum):
    """What is claimed."""

    ACCOUNT = "account"
    HANDLE = "handle"
    DOMAIN = "domain"


class Claim(NamedTuple):
    """An account, handle or domain of an entity."""

    kind: ClaimKind
    platform: str
    """Empty for a domain."""
    name: str
    """Account id, folded handle, or one spelling of a domain."""


def claims_of(entity: RegistryEntity) -> tuple[list[Claim], list[str]]:
    """Everything of an entity that only one can have, each once; and which of its domains are none."""
    claims: dict[Claim, None] = {}
    faults = []
    for account in entity.accounts:
        platform = platform_name(account.platform)
        if account.account_id:
            claims[Claim(ClaimKind.ACCOUNT, platform, account.account_id)] = None
        if account.handle:
            claims[Claim(ClaimKind.HANDLE, platform, folded_handle(account.handle))] = None
    for domain in entity.domains:
        forms, fault = domain_forms(domain)
        faults += [f"{entity.entity_id}: {fault}"] if fault is not None else []
        claims |= dict.fromkeys(Claim(ClaimKind.DOMAIN, "", form) for form in forms)
    return list(claims), faults


def conflict(owner: str, other: str, claim: Claim) -> str:
    """Say that two entities, given by their ids, have the same."""
    where = f" on {claim.platform}" if claim.platform else ""
    return f"{owner} and {other} both have the {claim.kind} {claim.name}{where}"


def folded_handle(handle: str) -> str:
    """The form in which handles are compared: without @, in Unicode form NFKC, case folded."""
    return unicodedata.normalize("NFKC", handle.strip().removeprefix("@")).casefold()


def registered_domain(host: str) -> str | None:
    """The registered part of a host name: `news.example.co.uk` gives `example.co.uk`.

    None for a public suffix itself, an IP address or a name of one label. Source: the Public Suffix List in the package
    publicsuffixlist.
    """
    domain: str | None = _suffixes().privatesuffix(host.lower().rstrip("."))
    return None if domain is None or domain.replace(".", "").isdigit() else domain


@functools.cache
def _suffixes() -> PublicSuffixList:
    """The list, read at the first question: that takes 0.1 CPU seconds."""
    return PublicSuffixList()


def domain_forms(given: str) -> tuple[list[str], str | None]:
    """The spellings of a domain in links, and what is wrong with it, if anything."""
    domain = given.strip().lower().rstrip(".").removeprefix("www.")
    if any(mark in domain for mark in "/:@ ") or "." not in domain:
        return [], f"{given!r} is not a domain; write only the host name, such as example.org"
    try:
        ascii_form = domain.encode("idna").decode("ascii")
        unicode_form = ascii_form.encode("ascii").decode("idna")
    except UnicodeError:
        return [], f"{given!r} is not a valid domain name"
    if registered_domain(ascii_form) is None and registered_domain(unicode_form) is None:
        return (
            [],
            f"{given!r} is a public suffix, under which anyone can register a site; name the registered domain",
        )
    return list(dict.fromkeys([unicode_form, ascii_form])), None
