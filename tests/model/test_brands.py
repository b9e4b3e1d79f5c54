"""The table of brands: no name that is an ordinary word stands alone, and domains are domains."""

import pytest

from sekisho.model.brands import BESIDE, brands, owners, owns
from sekisho.model.folded import fold
from sekisho.model.hosting import FREE_MAIL, HOSTING, SHORTENERS
from sekisho.model.registered import registered_domain

# Words of ordinary writing, in the languages of the table, that are names of brands as well.
ORDINARY = """apple chase ups au line outlook teams office zoom slack meta visa discover target square signal telegram who irs
    nhs orange wise ledger steam indeed smiles caixa inter claro vivo tim oi correos correo esfera hermes sky free boost bond
    norton mercury azure proton kraken ripple tether ethereum citi ing anz nab gls box best buy gold prime signature nifty
    楽天 エポス イオン セゾン アップル オリーブ ライン""".split()


def test_no_name_is_an_ordinary_word():
    names = {fold(name) for brand in brands().values() for name in brand.names}
    assert not names & {fold(word) for word in ORDINARY}
    assert not names & BESIDE
    assert all(len(name) > 2 for name in names)


def test_names_are_lower_case_and_belong_to_one_brand():
    seen = {}
    for brand in brands().values():
        assert brand.names or brand.words
        for name in (*brand.names, *brand.words):
            assert name == name.lower()
            assert seen.setdefault(name, brand.id) == brand.id, name


def test_a_brand_has_domains_of_its_own():
    assert len(brands()) >= 150
    for brand in brands().values():
        assert brand.domains, brand.id
        for domain in brand.domains - {"gov.br", "gov.uk", "go.jp", "gouv.fr", "bradesco", "itau"}:
            assert "." in domain, (brand.id, domain)
            assert registered_domain(domain) == domain or domain.endswith(registered_domain(domain)), domain


@pytest.mark.parametrize(
    ("brand", "host", "own"),
    [
        ("amazon", "www.amazon.co.jp", True),
        ("amazon", "amazon.de", True),
        ("amazon", "amazon.tk", False),
        ("amazon", "amazon.com.evil.example", False),
        ("amazon", "amazon-login.example", False),
        ("amazon", "evil.s3.amazonaws.com", False),
        ("microsoft", "login.microsoftonline.com", True),
        ("microsoft", "evil.onmicrosoft.com", False),
        ("etax", "www.e-tax.nta.go.jp", True),
        ("etax", "e-tax.example", False),
        ("itau", "www.itau.com.br", True),
        ("yamato", "kuronekoyamato.co.jp", True),
        ("paypal", "", False),
    ],
)
def test_owns(brand, host, own):
    assert owns(brands()[brand], host) is own


def test_hosts_of_all_and_shorteners_are_lower_case_names():
    for host in (*HOSTING, *SHORTENERS, *FREE_MAIL):
        assert host == host.lower().strip()
        assert "." in host


def test_owners_agree_with_owns():
    for host in ("www.amazon.co.jp", "live.com", "evil.example", "mail.instagram.com", "amazon.tk", "paypal.de", ""):
        assert owners(host) == {brand.id for brand in brands().values() if owns(brand, host)}
