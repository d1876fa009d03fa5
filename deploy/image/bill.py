"""Lists what is in the image: a bill of materials in CycloneDX 1.5, and all licences.

    python bill.py SITE_PACKAGES OUT_DIR [DPKG_STATUS]

Writes `sbom.cdx.json` and a folder `licences/` with the licence and notice files of each Python package. The
files of Debian packages stay in /usr/share/doc. Equal content gives equal bytes.
"""

import json
import re
import sys
import uuid
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

_LICENCE_FILE = re.compile(r"(?i)^(licen[cs]e|copying|notice|authors)([._-].*)?$")
_MOST_NAME = 100


def bill(components: list[dict[str, Any]], version: str) -> dict[str, Any]:
    """A CycloneDX document; its serial number is derived from the content."""
    name = "\n".join(component["purl"] for component in components)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, name)}",
        "version": 1,
        "metadata": {
            "component": {"type": "container", "bom-ref": "image", "name": "lockstep", "version": version}
        },
        "components": components,
    }


def python_components(site_packages: Path) -> Iterator[dict[str, Any]]:
    """The Python packages installed there, by name."""
    for package in sorted(distributions(path=[str(site_packages)]), key=_key):
        purl = f"pkg:pypi/{_key(package)}@{quote(package.version)}"
        component: dict[str, Any] = {
            "type": "library", "bom-ref": purl, "name": package.metadata["Name"],
            "version": package.version, "purl": purl,
        }  # fmt: skip
        if licence := _licence(package):
            component["licenses"] = [licence]
        yield component


def debian_components(status: str) -> Iterator[dict[str, Any]]:
    """The installed Debian packages; `status` is the content of /var/lib/dpkg/status."""
    for block in status.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Architecture|Status): (.*)$", block, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            name, version = fields["Package"], fields["Version"]
            purl = f"pkg:deb/debian/{name}@{quote(version)}?arch={fields['Architecture']}"
            yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def copy_licences(site_packages: Path, folder: Path) -> int:
    """Copy licence files into one folder for each package; return the number of files."""
    count = 0
    for package in sorted(distributions(path=[str(site_packages)]), key=_key):
        for file in package.files or ():
            if _LICENCE_FILE.match(file.name) and (content := Path(str(package.locate_file(file)))).is_file():
                # two files with one name, from two folders, must not overwrite each other
                flat = "_".join(part for part in file.parts[1:] if part not in ("..", "licenses"))[
                    -_MOST_NAME:
                ]
                target = folder / _key(package) / (flat or file.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read_bytes())
                count += 1
    return count


def _licence(package: Distribution) -> dict[str, Any] | None:
    if expression := package.metadata.json.get("license_expression"):
        return {"expression": expression}
    words = [
        text.rpartition(" :: ")[2]
        for text in package.metadata.get_all("Classifier") or ()
        if text.startswith("License :: ")
    ]
    name = "; ".join(words) or str(package.metadata.json.get("license", "")).strip().partition("\n")[0]
    return {"license": {"name": name[:_MOST_NAME]}} if name else None


def _key(package: Distribution) -> str:
    return re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()


def main(site_packages: str, out: str, status: str | None = None) -> None:
    """Write the bill of materials and the licence files."""
    components = list(python_components(Path(site_packages)))
    version = next(c["version"] for c in components if c["name"] == "lockstep-monitor")
    if status is not None:
        components += debian_components(Path(status).read_text(encoding="utf-8"))
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(bill(components, version), indent=1, ensure_ascii=False)
    (folder / "sbom.cdx.json").write_text(text + "\n", encoding="utf-8")
    count = copy_licences(Path(site_packages), folder / "licences")
    print(f"{len(components)} components, {count} licence files in {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
