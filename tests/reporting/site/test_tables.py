import re

import pytest

from rdm_pipeline.errors import RdmError
from rdm_pipeline.reporting.site.address import Addresses
from rdm_pipeline.reporting.site.contents import Printed
from rdm_pipeline.reporting.site.tables import as_printed, numbers_of, shown_table
from tests.lineage.conftest import RESULTS
from tests.reporting.site.conftest import EVIL, EVIL_FILE

TABLE1 = f"{RESULTS}/tables/table1.csv"


@pytest.fixture
def table(contents):
    addresses = Addresses(contents.graph)
    printed = contents.tables[TABLE1]
    return shown_table(contents.graph, addresses, TABLE1, printed, contents.generators)


@pytest.mark.parametrize(
    ("exact", "text"),
    [
        ("9.1234567", "9.12"),
        ("0.05", "0.05"),
        ("1e-05", "1e-05"),
        ("-0.5", "-0.50"),
        ("4096", "4096"),
        ("16 to 512", "16 to 512"),
        ("1_0", "1_0"),
        ("nan", "nan"),
        ("", "—"),
    ],
)
def test_numbers_are_rounded_and_texts_are_not(exact, text):
    assert as_printed(exact) == text


def test_a_table_is_that_of_its_files(table):
    assert (table.title, table.caption) == (f"Title {EVIL}", f"Caption {EVIL}")
    assert table.notes == [f"* a note {EVIL}"]
    assert [row.label for row in table.rows] == ["real images", EVIL, "iRDM"]
    assert [cell.exact for cell in table.rows[1].cells][:2] == ["9.1234567", "0.05"]
    assert [column.held_out for column in table.columns] == [False, True, False, False]
    assert [column.paper for column in table.columns] == [False, False, False, True]


def test_a_number_leads_to_the_page_of_its_inputs_and_encoder(table):
    links = [cell.link for cell in table.rows[2].cells]
    assert links[0] == "numbers/metrics/irdm.json/sup.html"
    assert re.fullmatch(r"numbers/metrics/irdm.json/2-encoders-[0-9a-f]{8}.html", links[2])
    assert links[3] == "artifacts/tables/table1.csv.html"


def test_tables_share_the_pages_of_numbers_that_come_from_the_same(contents, table):
    addresses = Addresses(contents.graph)
    tables = [
        shown_table(contents.graph, addresses, path, printed, ())
        for path, printed in contents.tables.items()
    ]
    numbers = {number.page: number for number in numbers_of(contents.graph, tables)}
    assert len(numbers) == 9  # of three rows, two encoders and both together
    told = numbers["numbers/metrics/vae.json/sup.html"].printed
    assert [(path, cell.value) for path, cell in told] == [
        (f"{RESULTS}/tables/{name}.csv", "9.1234567") for name in ("table1", "table7")
    ]


def test_a_table_is_cut_to_a_run_and_to_an_encoder(table):
    assert [row.label for row in table.rows_of("vae").rows] == [EVIL]
    assert table.rows_of("real").rows == []
    assert [column.name for column in table.summary.columns] == ["SW_r2", "paper"]
    assert [cell.exact for cell in table.summary.rows[2].cells] == ["6.0", "7.5"]
    cut = table.columns_of(EVIL_FILE)
    assert [[cell.exact for cell in row.cells] for row in cut.rows] == [["1.0"], ["0.05"], ["3.5"]]


def test_other_markdown_is_an_error(contents):
    printed = Printed(contents.tables[TABLE1].csv, "a table")
    with pytest.raises(RdmError, match="its Markdown file is no table of this project"):
        shown_table(contents.graph, Addresses(contents.graph), TABLE1, printed, ())
