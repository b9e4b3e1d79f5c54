"""Tables for ``charset``: what labels mean, and which characters people use most.

Source: WHATWG Encoding 4.2 (labels), aliases of codecs in Python, labels seen in mail; the characters are
our choice of what subjects and business mails are written in.
"""

from __future__ import annotations

_SPELLINGS = {
    "utf-8": "utf8 utf-8 unicode-1-1-utf-8 x-utf-8 utf-8n cp65001 utf8mb4",
    "utf-7": "utf-7 unicode-1-1-utf-7 x-unicode-2-0-utf-7 cp65000",
    "utf-16": "utf-16 unicode ucs-2 iso-10646-ucs-2",
    "cp932": (
        "shift-jis shiftjis sjis x-sjis x-shift-jis ms-kanji cp932 ms932 windows-31j 932 windows-932 "
        "csshiftjis cswindows31j s-jis sift-jis shift-jisx0213 shift-jis-2004"
    ),
    "euc-jp": "euc-jp eucjp x-euc-jp x-euc ujis cp51932 eucjp-ms eucjp-win",
    "iso-2022-jp": (
        "iso-2022-jp iso2022jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-ext jis "
        "iso-2022-jp-ms iso-2022-jp-2004 cp50220 cp50221 cp50222 csiso2022jp csiso2022jp2 x-iso-2022-jp "
        "jis7 windows-50220 windows-50221 iso-2022 x-jis junet"
    ),
    "gb18030": (
        "gb2312 gbk gb18030 x-gbk cp936 ms936 gb-2312-80 gb-2312 euc-cn chinese 936 csgb2312 x-euc-cn "
        "windows-936 gb-18030 gb2312-80"
    ),
    "big5hkscs": "big5 big5-hkscs x-big5 cp950 csbig5 big5hkscs big-5 cn-big5",
    "cp949": (
        "euc-kr ks-c-5601-1987 ks-c-5601 ksc5601 ks-c-5601-1989 cp949 korean windows-949 uhc cseuckr "
        "ksc-5601 ks-x-1001 949"
    ),
    "iso2022_kr": "iso-2022-kr csiso2022kr",
    "hz": "hz hz-gb-2312",
    "windows-1252": "iso-8859-1 latin1 latin-1 iso8859-1 cp1252 windows-1252 ansi iso-8859 8859-1 x-ansi cp819",
    "us-ascii": "us-ascii ascii ansi-x3.4-1968 us 7bit iso646-us 646",
    "iso8859-8": "iso-8859-8-i iso-8859-8-e logical",
    "iso8859-6": "iso-8859-6-i iso-8859-6-e",
    "cp874": "tis-620 windows-874 dos-874 iso-8859-11",
    "cp1254": "iso-8859-9",
    "mac-roman": "macintosh x-mac-roman",
    "koi8-r": "koi8",
}
"""Codec that reads what is really sent under these labels, which are lower case with hyphens."""

LABELS = {label: codec for codec, labels in _SPELLINGS.items() for label in labels.split()}

COMMON = {
    "ja": frozenset(
        "日一国会人年大本中長出三時行見月分後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半"
        "男西電校語土木聞食車何南万毎白天母火右読友左休父雨件件名様御株式社請求見積注文確認送付添付資料返信転送連絡願致"
        "問合営業部担当者登録情報重要無料通知案内予約振込支払銀行口座番号解凍暗号化会議議事録報告依頼契約更新変更完了"
        "配達荷物再不在利用明細緊急定期個人情報保護方針回答質問手続取引先納品発注受領領収為替経理総務人事採用研修講座開催"
        "拝啓敬具平素格別厚礼申上誠存候便郵送佐藤鈴木田中高橋伊渡辺村小林加吉山東京都大阪府県市区町新着内容詳細以下場合"
    ),
    "zh": frozenset(
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所"
        "然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与"
        "长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己"
        "您请邮件发票税务单据贵司收到附件确认账户付款银行订单产品报价公司先生女士谢谢联系电话地址"
    ),
    "ko": frozenset(
        "이다는을의에가고하로지을를도한은기자사리서아나인어시해대그있니수스전제일정안보세요주습합및와과오부신여드라면만들"
        "구조장내상원으게문우무용경공소동것입녕십메송확금결첨파견청적된할없성관비선거계요유위간모저진"
    ),
}
