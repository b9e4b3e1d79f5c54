"""Words by which a document asks its reader to let its macros run.

Source: the texts of public reports on macro malware from 2014 to 2022 (document templates of EMOTET, Dridex, QakBot,
IcedID and others, as CISA, JPCERT/CC and IPA showed them), and what Office's own message bar and buttons are called in
each language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sekisho.model.artifact import Feature
from sekisho.model.limits import DEFAULT

FEATURES = ("lure.enable_content", "lure.pretext", "lure.trusted_location")
EACH = 5
"""Finds given of each kind."""
_AROUND = 60
"""Characters of text shown on each side."""

# Between verb and object stand articles, quotation marks and the name of a button's bar.
_GAP = r"[\s\"'«»“”‘’„,:;()\[\]<>「」『』【】-]{0,6}"
_ENABLE = re.compile(
    rf"(?:\benabl(?:e|ing)|\ballow|\bactivat(?:e|ing)|\bturn on){_GAP}"
    rf"(?:the |this |all |your |document |office ){{0,2}}{_GAP}"
    rf"(?:content|contents|editing|macros?)\b"
    rf"|\b(?:content|editing|macros?) (?:must|should|need(?:s)?|ha(?:s|ve)) (?:to )?be (?:enabled|activated|allowed)"
    rf"|コンテンツ{_GAP}の?{_GAP}(?:を?有効|使用)|編集{_GAP}を?{_GAP}(?:有効|許可)|マクロ{_GAP}を?{_GAP}有効|編集可能にする"
    rf"|\binhalte?{_GAP}aktivieren|\bbearbeitung{_GAP}(?:aktivieren|zulassen)|\bmakros{_GAP}aktivieren"
    rf"|\bactive[rz]{_GAP}(?:le contenu|la modification|les macros)"
    rf"|\bhabilit(?:ar|e){_GAP}(?:el |la |las |o |a |as )?(?:contenido|edici[oó]n|macros|conte[uú]do|edi[cç][aã]o)"
    rf"|\b(?:abilita(?:re)?|attiva(?:re)?){_GAP}(?:il |la |le )?(?:contenuto|modifica|macro)"
    rf"|\b(?:inhoud|bewerken|macro's){_GAP}inschakelen|\bwłącz{_GAP}(?:zawartość|edycję|makra)"
    rf"|включить{_GAP}(?:содержимое|макросы)|разрешить{_GAP}редактирование|увімкнути{_GAP}(?:вміст|редагування)"
    rf"|\bpovolit{_GAP}(?:obsah|úpravy|makra)|i̇?çeriği{_GAP}etkinleştir|düzenlemeyi{_GAP}etkinleştir"
    rf"|\baktiver(?:a)?{_GAP}(?:innehåll|indhold|redigering|innhold)"
    rf"|(?:启用|啟用|允许|允許){_GAP}(?:内容|內容|编辑|編輯|宏|巨集)|콘텐츠{_GAP}사용|편집{_GAP}사용"
)
_PRETEXT = re.compile(
    r"(?:created|made|edited|saved|produced) (?:in|with|on|by|using) (?:an? |the )?(?:earlier|previous|older|newer"
    r"|later|different|online|mobile|another|desktop|trial|android|ios|apple|mac|openoffice|libreoffice|wps)\b[^.\n]{0,60}"
    r"(?:version|device|office|word|excel|phone|system)"
    r"|(?:document|file|workbook|content)s? (?:is|are|was|has been|have been) (?:\w{1,12} ){0,2}"
    r"(?:protected|encrypted|secured)\b"
    r"|\bprotected (?:document|view|by (?:microsoft|office|mcafee|norton|docusign|rsa|windows defender))\b"
    r"|preview(?:ing)? is not available (?:for|online)|not (?:available|possible)[^.\n]{0,30}(?:online|preview)"
    r"|(?:view|preview|see|display|decrypt|read|open|unlock) (?:this|the|your) "
    r"(?:protected |encrypted |secured |full )?(?:document|content|contents|file|invoice)[^.\n]{0,60}"
    r"(?:click|press|enabl)"
    r"|only available for (?:desktop|laptop)|to decrypt (?:the|this)|use (?:a )?desktop (?:or laptop|version)"
    r"|以前の(?:バージョン|版)[^。\n]{0,20}(?:作成|保存)|(?:保護ビュー|保護された(?:ビュー|文書|ドキュメント))"
    r"|(?:文書|ドキュメント|ファイル)は?[^。\n]{0,12}(?:保護|暗号化)されてい"
    r"|früheren version von|version antérieure de|versi[oó]n anterior de|versione precedente di|ранней версии"
    r"|dokument ist geschützt|document est protégé|documento est[aá] protegido|documento è protetto|документ защищ"
    r"|较早版本|受保护的文档|受保護的文件|이전 버전"
)
_LOCATION = re.compile(
    r"(?:copy|move|save|place|relocate)[^.\n]{0,80}"
    r"(?:following folder|templates? folder|trusted location|\\templates\b)"
    r"|\\microsoft office(?: \(x86\))?\\(?:root\\)?(?:office\d\d\\)?templates\b|\\microsoft\\templates\b"
    r"|(?:add|to)[^.\n]{0,40}trusted (?:location|site|publisher|document)s?\b|信頼できる場所|relaunch required"
    r"|(?:properties|プロパティ|eigenschaften)[^.\n]{0,80}(?:\bunblock\b|ブロックの解除|許可する|zulassen)"
    r"|(?:check|tick|click|select)[^.\n]{0,30}\bunblock\b"
)
_KINDS = (("lure.enable_content", _ENABLE), ("lure.pretext", _PRETEXT), ("lure.trusted_location", _LOCATION))
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]+")


def lures(text: str) -> Iterator[Feature]:
    """Give what a text asks for, each find with the words around it.

    ``lure.pretext`` (why the content cannot be seen) counts only beside one of the others: alone it is everyday speech.
    """
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", text[: DEFAULT.text_chars])).lower()
    plain = re.sub(r"[^\S\n]+", " ", plain)
    found = {name: _finds(pattern, plain) for name, pattern in _KINDS}
    if not found["lure.enable_content"] and not found["lure.trusted_location"]:
        return
    for name, values in found.items():
        yield from (Feature(name, value) for value in values)


def _finds(pattern: re.Pattern[str], text: str) -> list[str]:
    found: dict[str, None] = {}
    for match in pattern.finditer(text):
        around = text[max(0, match.start() - _AROUND) : match.end() + _AROUND]
        found[" ".join(around.split())] = None
        if len(found) == EACH:
            break
    return list(found)
