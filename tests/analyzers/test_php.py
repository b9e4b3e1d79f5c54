"""PHP files: shells in many spellings, and a shop's own programs."""

import base64
import random
import zlib

import pytest

from sekisho.analyzers.php import analyze, recognise
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError


def read(code, name="a.php"):
    data = code if isinstance(code, bytes) else code.encode()
    features, children = {}, []
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError):
        pass
    return features, children


@pytest.mark.parametrize(
    ("code", "flow"),
    [
        ("<?php eval($_POST['a']);", "eval <- $_POST"),
        ("<?php @eval(@$_REQUEST[0]);", "eval <- $_REQUEST"),
        ("<?php eval(base64_decode($_COOKIE['c']));", "eval <- $_COOKIE"),
        ("<?php $c = $_POST['c']; $d = base64_decode($c); eval($d);", "eval <- $_POST"),
        ("<?php $a = 'as' . 'sert'; $a($_POST['x']);", "assert <- $_POST"),
        ("<?php $f = str_replace('z', '', 'szyszztem'); $f($_GET['x']);", "system <- $_GET"),
        ("<?php $_GET['f']($_POST['x']);", "call <- $_GET"),
        ("<?php ('sys'.'tem')($_GET['x']);", "system <- $_GET"),
        ("<?php $f = $_GET['f']; $f('x');", "call <- $_GET"),
        ("<?php echo `$_GET[x]`;", "command <- $_GET"),
        ("<?php $o = shell_exec(\"ls {$_GET['d']}\");", "shell_exec <- $_GET"),
        ("<?=system($_GET['x'])?>", "system <- $_GET"),
        ("<?php @INCLUDE_ONCE($_FILES['f']['tmp_name']);", "include <- $_FILES"),
        ("<?php include $_GET['p'] . '.php';", "include <- $_GET"),
        ("<?php preg_replace('/.*/e', $_POST['x'], '');", "preg_replace <- $_POST"),
        ("<?php array_map('assert', array($_POST['x']));", "assert <- $_POST"),
        ("<?php usort($a, $_GET['f']);", "usort <- $_GET"),
        ("<?php foreach ($_POST as $k => $v) { eval($v); }", "eval <- $_POST"),
        ("<?php extract($_REQUEST); eval($x);", "eval <- $_REQUEST"),
        ("<?php eval(file_get_contents('php://input'));", "eval <- php://input"),
        ("<?php eval($_SERVER['HTTP_X_RUN']);", "eval <- $_SERVER"),
        (
            "<?php $c = @$_POST['cookie']; openssl_public_decrypt(base64_decode($c), $d, $k); $f = create_function('', $d); $f();",
            "create_function <- $_POST",
        ),
        ("<?php /* eval */ eval/**/(/* x */ $_POST [ 'a' ] );", "eval <- $_POST"),
        ("<?php function run($a, $c) { return eval($c); } run(1, $_POST['x']);", "eval <- $_POST"),
        (
            "<?php class A { function go($c) { $d = base64_decode($c); system($d); } } $a->go($_GET['x']);",
            "system <- $_GET",
        ),
        ("<?php $s = <<<X\n$_POST[a]\nX;\neval($s);", "eval <- $_POST"),
    ],
)
def test_a_request_becomes_code(code, flow):
    features, _ = read(code)
    assert features["php.grade"] == ["webshell"]
    assert flow in features["php.flow"]


def test_code_behind_decoders_is_handed_back():
    packed = base64.b64encode(zlib.compress(b"eval($_POST['a']);")[2:-4]).decode()
    features, children = read(f"<?php eval(gzinflate(base64_decode('{packed}')));")
    assert features["php.grade"] == ["hidden"]
    assert features["php.hidden"] == ["eval of gzinflate"]
    assert [(child.data, child.kind, child.relation) for child in children] == [
        (b"<?php eval($_POST['a']);", "php", "decoded")
    ]


def test_hex_names_and_decoders_by_another_name():
    features, children = read("<?php $d = pack('H*', '6261736536345f6465636f6465'); eval($d('cGhwaW5mbygpOw=='));")
    assert features["php.hidden"] == ["eval of base64_decode"]
    assert children[0].data == b"<?php phpinfo();"


@pytest.mark.parametrize(
    "code",
    [
        "<?php move_uploaded_file($_FILES['f']['tmp_name'], $to);",
        "<?php $fp = fopen($log, 'a'); fwrite($fp, $_POST['card_no']);",
        "<?php file_put_contents('x.txt', print_r($_POST, true), FILE_APPEND);",
    ],
)
def test_a_request_that_goes_to_a_file_is_said_and_no_shell(code):
    features, _ = read(code)
    assert features["php.grade"] == ["writes"]
    assert features["php.write"]


@pytest.mark.parametrize(
    "code",
    [
        "<?php echo htmlspecialchars($_POST['name'], ENT_QUOTES);",
        "<?php // eval($_POST['x'])\n# system($_GET['x'])\n/* include $_GET['p'] */ echo 1;",
        "<?php $this->eval($_POST['x']); Foo::system($_GET['y']);",
        "<?php function eval_form($x) { return $x; } eval_form($_POST['x']);",
        "<?php if (isset($_POST['mode'])) { include 'a.php'; }",
        "<?php require_once __DIR__ . '/../vendor/autoload.php'; $app = new App($_GET);",
        "<?php $callback = 'trim'; $v = $callback($_POST['x']);",
        "<?php $handler->run($_POST); $x = (function () { return 1; })();",
        "<?php exec('convert ' . escapeshellarg($path));",
        "<?php echo base64_decode('aGVsbG8='); $x = unserialize($y);",
        "<?php $objPage = new LC_Page_Admin_Order_Edit(); $objPage->init(); $objPage->process();",
        "<?php array_map('trim', $_POST);",
        "<?php function save($file) { return basename($file); } function load($file) { include $file; } save($_POST['f']);",
        "<?php function a($x) { return $x; } $x = 'b.php'; include $x; a($_GET['x']);",
        "<p>eval($_POST['x'])</p><?php echo 1 ?>system($_GET['x'])",
        "<?php class A { function exec($q) { return $this->db->exec($q . $_POST['x']); } }",
    ],
)
def test_a_shops_own_programs_are_inert(code):
    features, children = read(code)
    assert features["php.grade"] == ["inert"], features
    assert not children


def test_told_by_its_opening_and_its_name():
    def says(data, name):
        return recognise(Artifact(name, data, name))

    assert says(b"<html><?php echo 1 ?>", "a.php")
    assert says(b"\xef\xbb\xbf<?php echo 1;", "a.txt")
    assert says(b"GIF89a\0<?php eval($_POST[0]);", "a.gif")
    assert not says(b"<?xml version='1.0'?>", "a.xml")
    assert not says(b"a page about <?php echo 1 ?>", "a.html")
    assert not says(b"no tag", "a.php")


def test_places_are_those_of_the_text():
    (flow,) = [
        one for one in analyze(Artifact("a.php", b"<?php echo 1; eval($_POST[0]);", "a.php")) if one.name == "php.flow"
    ]
    assert flow.at == 14


def test_only_foreseen_errors_come_out_of_broken_files():
    dice = random.Random(7)
    whole = (
        b"<?php $a = 'as' . \"se\\x72t\"; foreach ($_POST as $k => $v) { $a(base64_decode($v)); }"
        b" $x = <<<EOT\n{$v} EOT\nEOT; preg_replace('/x/e', ($_GET['a']['b'])($k), `ls`); ?><p><?= $x ?>"
    )
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.choice(b"()[]{}'\"`$;,.=\\<?>\x00\xff a")
        read(bytes(data[: dice.randrange(8, len(data) + 1)]))


def test_deep_and_long_files_end():
    for part in (b"$a=", b"(", b"[$_POST", b"f(", b"'a'.", b"eval(", b"{", b"$a[", b"<<<A\n", b"$f(", b'"$a'):
        read(b"<?php " + part * 30_000)


def test_brackets_within_brackets_are_not_followed_for_ever():
    for opening, closing in (("(", ")"), ("strrev(", ")"), ("$a[", "]")):
        read("<?php $f = " + opening * 1_400 + "'x'" + closing * 1_400 + "; $f($_POST['x']);")
