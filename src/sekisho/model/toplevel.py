"""Top-level domains that stand in prose without being mistaken for the end of a file name.

Source: IANA root zone database (country codes and the generic names that mail and malware use), RFC 2606 and
RFC 6762 for the reserved ones. Left out because they are file extensions first: ``cat cc la md mo mov pl ps pub py rs
sh so zip`` would turn source and archive names into hosts.
"""

from __future__ import annotations

_COUNTRY = """
ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bv bw by bz ca cd cf cg
ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi
gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw
ky kz lb lc li lk lr ls lt lu lv ly ma mc me mg mh mk ml mm mn mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no
np nr nu nz om pa pe pf pg ph pk pm pn pr pt pw qa re ro ru rw sa sb sc sd se sg si sk sl sm sn sr ss st su sv sx sy sz
tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""
_GENERIC = """
com net org info biz edu gov mil int name pro aero asia coop jobs mobi museum post tel travel xxx arpa app art bar
best bid bond buzz cam center chat cfd click cloud club cyou date dev digital download email expert express faith fun
fund fyi gdn global group guru help host icu ink kim lat life link live lol loan love ltd men mom money monster
network news nexus ninja one online ooo page party photos pics press quest racing rest review rocks sale sbs science
site solutions space store stream studio support surf systems tech technology today tokyo tools top trade uno vip wang
website win work works world wtf xin xyz yokohama nagoya osaka kyoto okinawa ryukyu zone onion example test invalid
local internal localhost lan corp home
"""
TOP_LEVEL = frozenset((_COUNTRY + _GENERIC).split())
