import io
import tarfile

import pytest

from rdm_pipeline.datasets.tars import list_members
from rdm_pipeline.errors import RdmError
from tests.datasets.files import tar_with

FILES = {"b/2": b"two", "b/1": b"one" * 500, "a": b""}


def write(path, data):
    path.write_bytes(data)
    return path


def with_member(name="x", kind=tarfile.REGTYPE, link="") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        tar.addfile(member)
    return buffer.getvalue()


def test_members_are_listed_in_order_with_the_place_of_their_bytes(tmp_path):
    path = write(tmp_path / "x.tar", tar_with({f"./{name}": FILES[name] for name in FILES}))
    data = path.read_bytes()
    found = {m.name: data[m.offset : m.offset + m.size] for m in list_members(path)}
    assert found == FILES and list(found) == list(FILES)


def test_members_of_a_tar_in_a_tar_are_named_after_it_and_placed_in_the_outer_one(tmp_path):
    outer = {"n01.tar": tar_with(FILES), "n02.tar": tar_with({"z": b"zz"}), "c/d": b"plain"}
    path = write(tmp_path / "x.tar", tar_with(outer))
    data = path.read_bytes()
    found = {m.name: data[m.offset : m.offset + m.size] for m in list_members(path)}
    assert found == {f"n01/{name}": FILES[name] for name in FILES} | {
        "n02/z": b"zz",
        "c/d": b"plain",
    }


def test_folders_in_a_tar_are_passed_over(tmp_path):
    assert list_members(write(tmp_path / "x.tar", with_member("d", tarfile.DIRTYPE))) == []


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
@pytest.mark.parametrize("nested", [False, True])
def test_links_and_devices_are_refused_by_name(tmp_path, kind, nested):
    data = with_member("cat/x.png", kind, "/etc/passwd")
    path = write(tmp_path / "x.tar", tar_with({"n01.tar": data}) if nested else data)
    where = f"{path}: n01.tar" if nested else str(path)
    with pytest.raises(RdmError, match=f"^{where}: cat/x.png is a link, a device or sparse"):
        list_members(path)


@pytest.mark.parametrize("name", ["/abs.png", "../up.png", "cat/../../up.png"])
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(RdmError, match="leads out of the archive"):
        list_members(write(tmp_path / "x.tar", with_member(name)))


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("keep", [0, 100, 512, 600, 1024, 1536, 3584])
def test_a_tar_cut_short_is_refused_wherever_it_is_cut(tmp_path, nested, keep):
    whole = tar_with(FILES)
    blocks = sum(512 + -(-len(data) // 512) * 512 for data in FILES.values())
    assert keep <= blocks < len(whole)
    data = whole[:keep]
    path = write(tmp_path / "x.tar", tar_with({"n01.tar": data, "n02.tar": whole}))
    if not nested:
        path.write_bytes(data)
    with pytest.raises(RdmError, match=r"x\.tar.*: not a whole uncompressed tar"):
        list_members(path)


def test_a_damaged_header_in_the_middle_is_no_end(tmp_path):
    data = bytearray(tar_with(FILES))
    data[1024:1030] = b"broken"
    with pytest.raises(RdmError, match="not a whole uncompressed tar"):
        list_members(write(tmp_path / "x.tar", bytes(data)))


def test_a_compressed_tar_is_refused(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w:gz"):
        pass
    with pytest.raises(RdmError, match="not a whole uncompressed tar"):
        list_members(tmp_path / "x.tar")
