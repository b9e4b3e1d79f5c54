"""Domains at which anybody opens a mailbox for nothing, in minutes, under any name.

Source: the sign-up pages of the providers. as_of: 2026-11.
"""

from __future__ import annotations

FREEMAIL = frozenset(
    """
    gmail.com googlemail.com outlook.com outlook.jp outlook.de outlook.fr outlook.es outlook.it outlook.co.id
    outlook.com.br hotmail.com hotmail.co.jp hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es live.com live.jp
    live.co.uk live.fr live.nl msn.com yahoo.com yahoo.co.jp ymail.ne.jp yahoo.co.uk yahoo.fr yahoo.de yahoo.it yahoo.es
    yahoo.com.br yahoo.co.in yahoo.in yahoo.ca yahoo.com.au yahoo.com.tw yahoo.com.hk yahoo.com.vn ymail.com
    rocketmail.com icloud.com me.com mac.com aol.com aim.com gmx.com gmx.net gmx.de gmx.at gmx.ch web.de mail.com
    email.com usa.com post.com consultant.com engineer.com accountant.com dr.com myself.com techie.com proton.me
    protonmail.com pm.me tutanota.com tuta.io tutamail.com zoho.com zohomail.com zohomail.eu zohomail.in mail.ru
    inbox.ru list.ru bk.ru internet.ru yandex.com yandex.ru ya.ru rambler.ru ukr.net i.ua seznam.cz email.cz centrum.cz
    wp.pl o2.pl onet.pl interia.pl libero.it virgilio.it tiscali.it laposte.net free.fr orange.fr sfr.fr wanadoo.fr
    terra.com.br bol.com.br uol.com.br ig.com.br r7.com qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn
    sohu.com aliyun.com naver.com daum.net hanmail.net nate.com rediffmail.com fastmail.com hushmail.com hey.com
    inbox.lv mailfence.com disroot.org cock.li excite.co.jp goo.jp mail.goo.ne.jp infoseek.jp nifty.jp inbox.com
    lycos.com mailinator.com guerrillamail.com temp-mail.org 10minutemail.com yopmail.com sharklasers.com
    """.split()
)
