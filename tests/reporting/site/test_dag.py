import re
from itertools import pairwise

from rdm_pipeline.reporting.site.dag import BOX_HEIGHT, BOX_WIDTH, drawing, edges_of, layers
from rdm_pipeline.reporting.site.steps import steps_of


def test_edges_are_what_the_records_read(contents):
    edges = edges_of(contents.graph, steps_of(contents.graph))
    assert edges["encoder", "features, samples"] == 4
    assert edges["images", "encoder"] == 2
    assert ("train", "features, real") not in edges


def test_every_step_lies_below_all_that_it_reads(contents):
    steps = steps_of(contents.graph)
    edges = sorted(edges_of(contents.graph, steps))
    layer = layers(sorted(set(steps.values())), edges)
    assert layer["fetch"] == 0
    assert all(layer[a] < layer[b] for a, b in edges)


def test_a_circle_ends_too():
    layer = layers(["a", "b", "c"], [("a", "b"), ("b", "a"), ("b", "c")])
    assert set(layer) == {"a", "b", "c"} and layer["c"] > layer["b"]


def test_boxes_do_not_overlap_and_lie_on_the_canvas(contents):
    d = drawing(contents.graph, steps_of(contents.graph))
    rows: dict[float, list[float]] = {}
    for box in d.boxes:
        rows.setdefault(box.y, []).append(box.x)
        assert 0 <= box.x <= d.width - BOX_WIDTH and 0 <= box.y <= d.height - BOX_HEIGHT
    for row in rows.values():
        assert all(b - a >= BOX_WIDTH for a, b in pairwise(sorted(row)))


def test_lines_go_from_the_bottom_of_a_box_to_the_top_of_another(contents):
    d = drawing(contents.graph, steps_of(contents.graph))
    box = {one.step: one for one in d.boxes}
    assert len(d.lines) == len(edges_of(contents.graph, steps_of(contents.graph)))
    for line in d.lines:
        numbers = [float(text) for text in re.findall(r"-?\d+\.\d", line.path)]
        start, end = box[line.start], box[line.end]
        assert abs(numbers[0] - (start.x + BOX_WIDTH / 2)) < 0.1
        assert abs(numbers[1] - (start.y + BOX_HEIGHT)) < 0.1
        assert abs(numbers[-2] - (end.x + BOX_WIDTH / 2)) < 0.1
        assert abs(numbers[-1] - end.y) < 0.1


def test_an_edge_over_several_layers_passes_no_box(contents):
    d = drawing(contents.graph, steps_of(contents.graph))
    for line in d.lines:
        for x, y in re.findall(r"(-?\d+\.\d) (\d+\.\d)V", line.path):
            for box in d.boxes:
                inside = box.x < float(x) < box.x + BOX_WIDTH and box.y == float(y)
                assert not inside, (line, box)
