"""The document cases: no Office program is the parent of what runs."""

from sekisho.app.lab.cases import CASES


def images(name):
    return [process["image"].rpartition("\\")[2] for process in CASES[name].truth["process_chain"]]


def test_chain_goes_over_wmi():
    chain = images("emotet-vba")
    assert chain == ["WINWORD.EXE", "WmiPrvSE.exe", "powershell.exe", "Dyxxur4gx.exe", "dmcertinst.exe"]
    files, truth = CASES["emotet-vba"].files(), CASES["emotet-vba"].truth
    export = files["evidence/endpoint/PC-0142.jsonl"].decode()
    (start,) = [
        line
        for line in export.splitlines()
        if truth["process_chain"][2]["guid"] in line and '"code": "1"' in line and "WmiPrvSE" in line
    ]
    assert "powershell -e " in start


def test_twin_opens_word_alone():
    assert images("emotet-vba-benign") == ["WINWORD.EXE"]
    assert CASES["emotet-vba-benign"].truth["network"] == []
