import subprocess
import sys


def test_torchvision_imports_after_the_shim_and_the_shim_may_be_called_again():
    code = (
        "from rdm_pipeline.torchvision_shim import declare_missing_operators as declare;"
        "declare(); import torchvision; declare();"
        "import torchvision.transforms.v2; print(torchvision.__version__)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.returncode == 0, printed.stderr
