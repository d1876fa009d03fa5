"""Networks as graphs: accounts are nodes, each tie is an edge of its kind, and both say to which network they belong.

GraphML is read by Gephi, Cytoscape, yEd, igraph and networkx; GEXF 1.3 by Gephi and networkx. Two accounts may have
several edges, one for each kind of tie. What XML cannot hold, such as control characters, is left out of the texts.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple
from xml.etree import ElementTree  # only writes

import polars as pl

from schemas.alerts import Alert
from streams.exports.tables import EDGES, MEMBERS, edges_table, members_table, networks_table

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_GRAPHML = "http://graphml.graphdrawing.org/xmlns"
_GEXF = "http://gexf.net/1.3"
_TYPES = {pl.String: "string", pl.Int64: "long", pl.Float64: "double", pl.Boolean: "boolean"}
"""Types of attributes, named in the same way by both formats. Times are strings."""
_OF_NETWORK = {"suspected": pl.Boolean, "coordination": pl.Float64, "covertness": pl.Float64}
"""What a node says of its network."""


class _Graph(NamedTuple):
    """Nodes and edges with their attributes; null ones are left out."""

    node_types: Mapping[str, str]
    edge_types: Mapping[str, str]
    nodes: list[dict[str, Any]]
    """`id` and the attributes."""
    edges: list[dict[str, Any]]
    """`source`, `target` and the attributes."""


def write_graphml(file: BinaryIO, alerts: Sequence[Alert]) -> None:
    """Write the networks as one undirected GraphML graph."""
    graph = _graph(alerts)
    root = ElementTree.Element("graphml", xmlns=_GRAPHML)
    for scope, types in (("node", graph.node_types), ("edge", graph.edge_types)):
        for name, kind in types.items():
            key = {"id": f"{scope}_{name}", "for": scope, "attr.name": name, "attr.type": kind}
            ElementTree.SubElement(root, "key", key)
    body = ElementTree.SubElement(root, "graph", id="networks", edgedefault="undirected")
    for node in graph.nodes:
        element = ElementTree.SubElement(body, "node", id=_text(node["id"]))
        _graphml_data(element, "node", graph.node_types, node)
    for number, edge in enumerate(graph.edges):
        ends = {"id": f"e{number}", "source": _text(edge["source"]), "target": _text(edge["target"])}
        _graphml_data(ElementTree.SubElement(body, "edge", ends), "edge", graph.edge_types, edge)
    _write(file, root)


def write_gexf(file: BinaryIO, alerts: Sequence[Alert]) -> None:
    """Write the networks as one undirected GEXF 1.3 graph. The weight of an edge is its number of co-shares."""
    graph = _graph(alerts)
    root = ElementTree.Element("gexf", xmlns=_GEXF, version="1.3")
    body = ElementTree.SubElement(root, "graph", mode="static", defaultedgetype="undirected")
    for scope, types in (("node", graph.node_types), ("edge", graph.edge_types)):
        attributes = ElementTree.SubElement(body, "attributes", {"class": scope})
        for name, kind in types.items():
            ElementTree.SubElement(attributes, "attribute", id=name, title=name, type=kind)
    nodes = ElementTree.SubElement(body, "nodes")
    for node in graph.nodes:
        label = _text(node.get("label") or node["id"])
        element = ElementTree.SubElement(nodes, "node", id=_text(node["id"]), label=label)
        _gexf_values(element, graph.node_types, node)
    edges = ElementTree.SubElement(body, "edges")
    for number, edge in enumerate(graph.edges):
        # networkx takes two edges without ids of their own for one
        ends = {"id": str(number), "source": _text(edge["source"]), "target": _text(edge["target"])}
        ends |= {"kind": _text(edge["kind"]), "weight": str(float(edge.get("co_shares") or 1))}
        _gexf_values(ElementTree.SubElement(edges, "edge", ends), graph.edge_types, edge)
    _write(file, root)


def _graph(alerts: Sequence[Alert]) -> _Graph:
    """Nodes and edges. An account of several networks is one node with all their ids."""
    networks = networks_table(alerts).select("network_id", *_OF_NETWORK)
    members = members_table(alerts).join(networks, on="network_id", how="left")
    nodes: dict[str, dict[str, Any]] = {}
    for row in members.iter_rows(named=True):
        node = nodes.setdefault(
            row["account"], {"id": row["account"], "label": row["handle"] or row["account"], **row}
        )
        if node["network_id"] != row["network_id"]:
            node["network_id"] = f"{node['network_id']} {row['network_id']}"
            node["suspected"] = node["suspected"] or row["suspected"]
    edges = [
        {"source": row["account_a"], "target": row["account_b"], **row}
        for row in edges_table(alerts).iter_rows(named=True)
        if row["account_a"] in nodes and row["account_b"] in nodes
    ]
    of_node = {"label": pl.String, **MEMBERS, **_OF_NETWORK}
    of_edge = {name: kind for name, kind in EDGES.items() if name not in {"account_a", "account_b"}}
    return _Graph(
        {name: _TYPES.get(kind, "string") for name, kind in of_node.items()},
        {name: _TYPES.get(kind, "string") for name, kind in of_edge.items()},
        list(nodes.values()),
        edges,
    )


def _graphml_data(
    element: ElementTree.Element, scope: str, types: Mapping[str, str], values: Mapping[str, Any]
) -> None:
    for name, value in _known(types, values):
        ElementTree.SubElement(element, "data", key=f"{scope}_{name}").text = value


def _gexf_values(element: ElementTree.Element, types: Mapping[str, str], values: Mapping[str, Any]) -> None:
    group = ElementTree.SubElement(element, "attvalues")
    for name, value in _known(types, values):
        ElementTree.SubElement(group, "attvalue", {"for": name, "value": value})


def _known(types: Mapping[str, str], values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in types:
        value = values.get(name)
        if value is not None:
            yield name, _text(value)


def _text(value: Any) -> str:
    """A value as XML holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return _NO_XML.sub("", str(value))


def _write(file: BinaryIO, root: ElementTree.Element) -> None:
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
    file.write(b"\n")
