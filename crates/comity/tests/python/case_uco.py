"""Custody as CASE/UCO, read by other people's code: an RDF parser, and the shapes of the ontology itself.

Given the document and the item's SHA-256: the graph must hold the item with that hash, one provenance record an action, and obey
CASE 1.4 and UCO 1.4.
"""

import subprocess
import sys
from pathlib import Path

from rdflib import RDF, Graph, Namespace

CASE = Namespace("https://ontology.caseontology.org/case/investigation/")
ACTION = Namespace("https://ontology.unifiedcyberontology.org/uco/action/")
CORE = Namespace("https://ontology.unifiedcyberontology.org/uco/core/")
OBSERVABLE = Namespace("https://ontology.unifiedcyberontology.org/uco/observable/")
TYPES = Namespace("https://ontology.unifiedcyberontology.org/uco/types/")

path, sha256 = sys.argv[1:]
graph = Graph()
graph.parse(path, format="json-ld")

items = [
    (item, str(value.lexical if hasattr(value, "lexical") else value).lower())
    for item in graph.subjects(RDF.type, OBSERVABLE.File)
    for facet in graph.objects(item, CORE.hasFacet)
    for hash in graph.objects(facet, OBSERVABLE.hash)
    if str(graph.value(hash, TYPES.hashMethod)) == "SHA256"
    for value in graph.objects(hash, TYPES.hashValue)
]
assert [value for _, value in items] == [sha256], items
item = items[0][0]

actions = set(graph.subjects(RDF.type, CASE.InvestigativeAction))
assert actions, "no action"
for action in actions:
    assert (action, ACTION.object, item) in graph, action
    records = list(graph.objects(action, ACTION.result))
    assert len(records) == 1 and (records[0], RDF.type, CASE.ProvenanceRecord) in graph, records
    assert graph.value(action, ACTION.performer) is not None, action
    proofs = [note for note in graph.subjects(CORE.object, action) if (note, RDF.type, CORE.Annotation) in graph]
    assert len(proofs) == 1, (action, proofs)
# The first action is informed by nothing, each other one by one before it.
informed = [action for action in actions if graph.value(action, CASE.wasInformedBy) is not None]
assert len(informed) == len(actions) - 1, informed

validate = [str(Path(sys.executable).parent / "case_validate"), "--built-version", "case-1.4.0", path]
said = subprocess.run(validate, capture_output=True, text=True)
print(said.stdout[-4000:], said.stderr[-4000:])
assert said.returncode == 0 and "Conforms: True" in said.stdout
print("passed")
