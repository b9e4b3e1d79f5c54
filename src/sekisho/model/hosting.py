"""Hosts under which anybody may publish, shorten or redirect, and what mail gateways and senders wrap links in.

Source: each service's own documentation of its customer domains; the public part of the Public Suffix List; which of
them phishing uses: APWG Phishing Activity Trends 2021-2024, Interisle "Phishing Landscape" 2022-2024 (subdomain
providers), JPCERT/CC phishing URL list. as_of: 2025-06.
"""

from __future__ import annotations

_HOSTING = {
    "site": """weebly.com weeblysite.com wixsite.com wixstudio.io editorx.io webflow.io webflow.com
        godaddysites.com square.site squarespace.com sites.google.com blogspot.com wordpress.com tumblr.com
        jimdosite.com jimdofree.com strikingly.com yolasite.com webnode.com webnode.page tilda.ws ucraft.net
        carrd.co mystrikingly.com webador.com site123.me simdif.com bravesites.com doodlekit.com webwave.dev
        framer.app framer.website gitbook.io notion.site canva.site my.canva.site durable.co softr.app glitch.me
        replit.app repl.co codesandbox.io onrender.com surge.sh 000webhostapp.com infinityfreeapp.com rf.gd
        epizy.com byethost.com byet.host awardspace.com x10host.com ueuo.com atwebpages.com freewebhostmost.com
        github.io gitlab.io pages.dev workers.dev netlify.app netlify.com vercel.app now.sh herokuapp.com fly.dev
        railway.app up.railway.app deno.dev web.app firebaseapp.com appspot.com run.app cloudfunctions.net
        azurewebsites.net azurestaticapps.net cloudapp.net cloudapp.azure.com
        amplifyapp.com elasticbeanstalk.com awsapprunner.com ondigitalocean.app
        hostingerapp.com hostingersite.com my.id translate.goog plesk.page cprapid.com myftpupload.com wpengine.com
        wpcomstaging.com pantheonsite.io kinsta.cloud kinsta.page cloudwaysapps.com temp.domains mybluehost.me
        duckdns.org ddns.net hopto.org zapto.org sytes.net serveo.net no-ip.org no-ip.biz myftp.biz myftp.org
        servehttp.com dynu.net dyndns.org 3utilities.com zendesk.com freshdesk.com page.link app.link
        page.tl jp.net sa.com za.com in.net eu.com co.com us.com uk.com ru.com vk.com telegra.ph
        linktr.ee taplink.cc beacons.ai bio.link issuu.com padlet.com genial.ly view.genially.com mypi.co
        livejournal.com penzu.com draw.io lucid.app miro.com figma.com adobe.ly express.adobe.com fc2.com
        hatenablog.com hatenadiary.com ameblo.jp sakura.ne.jp xsrv.jp lolipop.io main.jp parallel.jp moo.jp
        studio.site peraichi.com jimdo.com wixapps.net""",
    "storage": """
        blob.core.windows.net web.core.windows.net file.core.windows.net s3.amazonaws.com amazonaws.com
        storage.googleapis.com firebasestorage.googleapis.com storage.cloud.google.com r2.dev r2.cloudflarestorage.com
        digitaloceanspaces.com backblazeb2.com wasabisys.com linodeobjects.com vultrobjects.com
        objectstorage.oci.customer-oci.com oraclecloud.com oss-cn-hongkong.aliyuncs.com aliyuncs.com myqcloud.com
        bcebos.com supabase.co scw.cloud cos.ap-tokyo.myqcloud.com appdomain.cloud vo.msecnd.net drive.google.com
        docs.google.com onedrive.live.com 1drv.ms dropboxusercontent.com dropbox.com mediafire.com mega.nz 4shared.com
        anonfiles.com gofile.io transfer.sh file.io wetransfer.com we.tl sendspace.com pixeldrain.com firestorage.jp
        gigafile.nu getuploader.com box.com app.box.com pcloud.com evernote.com notion.so discordapp.com
        cdn.discordapp.com githubusercontent.com raw.githubusercontent.com pastebin.com storage.live.com
    """,
    "form": """
        forms.gle forms.office.com jotform.com form.jotform.com typeform.com surveymonkey.com formstack.com
        cognitoforms.com 123formbuilder.com formsite.com wufoo.com paperform.co tally.so forms.zohopublic.com
        forms.zoho.com zohopublic.com form.run formrun.io formzu.net ssl.form-mailer.jp questant.jp forms.yandex.ru
        forms.yandex.com smartsheet.com app.smartsheet.com airtable.com hsforms.com formfacade.com emailmeform.com
        formplus.co getform.io formspree.io aidaform.com involve.me forms.monday.com clickup.com survicate.com
        surveyheart.com customvoice360.com surveylegend.com powerappsportals.com formbuilder.online
    """,
    "tunnel": """
        ngrok.io ngrok.app ngrok-free.app ngrok.dev trycloudflare.com loca.lt localtunnel.me serveo.net
        localhost.run lhr.life pagekite.me telebit.io devtunnels.ms tunnelmole.net pinggy.link pinggy.io portmap.io
        zrok.io bore.pub playit.gg
    """,
    "ipfs": """
        ipfs.io dweb.link cf-ipfs.com cloudflare-ipfs.com gateway.pinata.cloud mypinata.cloud nftstorage.link
        w3s.link fleek.co fleek.cool infura-ipfs.io ipfs.infura.io 4everland.io ipfs.4everland.io ipfs.fleek.co
        gateway.ipfs.io ipfs.w3s.link ipfs.dweb.link ipns.dweb.link hardbin.com jorropo.net eth.limo
    """,
}
HOSTING = {host: kind for kind, hosts in _HOSTING.items() for host in hosts.split()}
"""
        Host to what kind of service it is: ``site``, ``storage``, ``form``, ``tunnel`` or ``ipfs``; hosts below
        count too.
    """

SHARED_HOSTS = frozenset(
    """sites.google.com telegra.ph linktr.ee taplink.cc beacons.ai bio.link issuu.com padlet.com genial.ly
        view.genially.com mypi.co penzu.com draw.io lucid.app miro.com figma.com adobe.ly express.adobe.com ameblo.jp
        vk.com codesandbox.io glitch.me replit.app my.canva.site fc2.com tumblr.com""".split()
)
"""Sites of ``HOSTING`` whose customers share its own host and differ in the path; all others give each a host below."""

SHORTENERS = frozenset(
    """bit.ly tinyurl.com t.co goo.gl ow.ly is.gd v.gd buff.ly rebrand.ly cutt.ly shorturl.at rb.gy
        t.ly bl.ink tiny.cc tinyurl.ph s.id bit.do adf.ly shorte.st linkvertise.com ouo.io soo.gd clck.ru n9.cl u.to
        qr.ae lnkd.in db.tt po.st q.gs urlz.fr urlz.cc shorturl.asia shorturl.gg short.gy shrtco.de gg.gg x.co
        zpr.io acortar.link acesse.dev encurtador.com.br bityli.com bitly.com l1nk.dev l1nq.com me2.kr han.gl
        abre.ai s.yam.com reurl.cc lihi.cc lihi1.com pse.is ux.nu x.gd onl.tw onl.bz onl.sc 00m.in ur0.link urx.blue
        bit.cloud shor.by dub.sh dub.co kutt.it t2m.io tr.im dlvr.it trib.al qrco.de qr.link me-qr.com qrs.ly
        scnv.io one-lnk.com surl.li surl.lt vu.fr cli.re linktw.in link.gg hoo.be ln.run goolnk.com snip.ly
        smarturl.it urlr.me y2u.be t.me wa.me m.me amzn.to amzn.asia a.co fb.me g.co youtu.be 1url.com tny.im
        tinu.be murl.kr rotf.lol tiny.pl wp.me shrt.lt gtly.to aka.ms hotm.art t.cn dwz.cn url.cn 2.gy 2no.co
        iplogger.org grabify.link hyperurl.co geni.us jpshort.com p.tl nav.cx ow.ly""".split()
)
SAFE_SHORTENERS = frozenset(
    "amzn.to amzn.asia a.co fb.me youtu.be aka.ms g.co lnkd.in t.me wa.me m.me wp.me db.tt".split()
)
"""Shorteners that only lead to their owner's pages."""

PICTURE_HOSTS = frozenset(
    """imgur.com postimg.cc postimages.org ibb.co imgbb.com zupimages.net goopics.net casimages.com imageshack.com
    photobucket.com tinypic.com gyazo.com prnt.sc freeimage.host imgbox.com pixhost.to hizliresim.com imageupload.io
    iili.io servimg.com noelshack.com 4cdn.org i.redd.it""".split()
)
"""Hosts of pictures that anybody uploads without an account."""

REDIRECTORS = (
    ("google.", "/url", ("q", "url")),
    ("google.", "/amp/s/", ()),
    ("google.", "/amp/", ()),
    ("google.", "/travel/clk", ("pcurl",)),
    ("google.", "/pagead/aclk", ("adurl",)),
    ("googleadservices.com", "/", ("adurl",)),
    ("adservice.google.", "/", ("adurl",)),
    ("googleweblight.com", "/", ("lite_url", "u")),
    ("doubleclick.net", "/", ("adurl", "url", "")),
    ("bing.com", "/ck/a", ("u",)),
    ("bing.com", "/cr", ("r",)),
    ("youtube.com", "/redirect", ("q",)),
    ("youtube.com", "/attribution_link", ("u",)),
    ("linkedin.com", "/slink", ("code",)),
    ("linkedin.com", "/redir/redirect", ("url",)),
    ("linkedin.com", "/authwall", ("sessionredirect",)),
    ("facebook.com", "/l.php", ("u",)),
    ("facebook.com", "/flx/warn", ("u",)),
    ("instagram.com", "/", ("u",)),
    ("baidu.com", "/link", ("url",)),
    ("yandex.", "/redir", ("url",)),
    ("vk.com", "/away.php", ("to",)),
    ("ok.ru", "/dk", ("st.link",)),
    ("t.umblr.com", "/redirect", ("z",)),
    ("slack-redir.net", "/link", ("url",)),
    ("medium.com", "/r", ("url",)),
    ("msn.com", "/", ("url",)),
    ("ampproject.org", "/c/", ()),
    ("out.reddit.com", "/", ("url",)),
    ("steamcommunity.com", "/linkfilter", ("url",)),
    ("adform.net", "/", ("redirurl",)),
    ("awin1.com", "/", ("ued", "p")),
    ("href.li", "/", ("",)),
    ("anonym.to", "/", ("",)),
    ("exacttarget.com", "/", ("url",)),
)
"""Hosts everybody trusts that send a browser on to any address: host part, start of the path, parameters."""

REWRITERS = (
    ("safelinks.protection.outlook.com", ("url",)),
    ("urldefense.proofpoint.com", ("u",)),
    ("urldefense.com", ("u",)),
    ("urldefense.us", ("u",)),
    ("linkprotect.cudasvc.com", ("a",)),
    ("secure-web.cisco.com", ("u",)),
    ("protect.trendmicro.com", ("url",)),
    ("imsva91-ctp.trendmicro.com", ("url",)),
    ("sophos.com", ("u", "d")),
    ("clicktime.symantec.com", ("u",)),
    ("mimecastprotect.com", ("domain",)),
    ("mimecast.com", ("domain",)),
    ("fireeye.com", ("u",)),
    ("linkguard.avanan.net", ("u",)),
    ("avanan.click", ("u",)),
    ("checkpoint.url-protection.com", ("u",)),
)
"""Mail gateways that wrap every link of every mail, and the parameter that holds the real one."""

TRACKERS = frozenset(
    """
        sendgrid.net sendgrid.com ct.sendgrid.net list-manage.com mailchi.mp mailchimp.com mandrillapp.com
        hubspotlinks.com hubspotemail.net hs-sites.com hubspot.com sparkpostmail.com pstmrk.it mailgun.org mailgun.net
        mjt.lu mailjet.com rs6.net constantcontact.com cmail19.com cmail20.com createsend.com createsend1.com
        campaign-archive.com exacttarget.com exct.net salesforce.com pardot.com mkto.com mktoweb.com marketo.com
        eloqua.com en25.com responsys.net klaviyomail.com klclick.com klclick1.com braze.com iterable.com
        customeriomail.com track.customer.io awstrack.me amazonses.com sendinblue.com sibmail.com brevo.com
        activehosted.com acemlnb.com aweber.com getresponse.com icontact.com emarsys.net selligent.com
        dotdigital-pages.com dotmailer.com bmetrack.com benchmarkemail.com mailerlite.com ml-attr.com moosend.com
        omnisend.com drip.com convertkit.com convertkit-mail.com ck.page beehiiv.com substack.com embluemail.com
        rdstation.com.br zcsend.net zohocampaigns.com cuenote.jp blayn.jp mpse.jp a.k3r.jp sendmag.com wemail.co.jp
        webantena.net ac-page.com shopifyemail.com privy.com intercom-mail.com intercom-clicks.com sailthru.com
        movable-ink.com cheetahmail.com epsl1.com bronto.com yesmail.com listrak.com listrakbi.com sap-hana.com
        onelink.me app.link adj.st branch.io apsis.one anpdm.com rule.io getanewsletter.com
    """.split()
)
"""Domains that the click links of mailing services go through. Source: the services' own documentation."""

# Domains that abuse reports name far above their share of registrations.
# Source: Spamhaus "most abused top-level domains" and Interisle "Phishing Landscape" 2022-2024.
ODD_TLDS = frozenset(
    """tk ml ga cf gq top xyz icu cyou buzz bond sbs cfd rest monster click link live fun quest beauty
        hair skin makeup boats autos homes mom lol pics zip mov cam loan win bid stream download racing review date
        faith party science cricket accountant trade webcam men work gdn support shop store online site website
        space host press bar best club vip uno fit surf su ink kim wang ws cc pw life world today rocks lat""".split()
)
VERY_ODD_TLDS = frozenset(
    """tk ml ga cf gq top icu cyou buzz bond sbs cfd rest monster click quest hair skin makeup boats autos homes
    mom lol pics
    zip cam loan win bid racing date faith party accountant webcam lat""".split()
)

FREE_MAIL = frozenset(
    """gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.jp
        yahoo.co.uk yahoo.fr yahoo.de yahoo.com.br ymail.com aol.com icloud.com me.com mac.com gmx.com gmx.de
        gmx.net web.de mail.com mail.ru yandex.ru yandex.com proton.me protonmail.com zoho.com hotmail.co.uk
        hotmail.fr hotmail.it outlook.jp outlook.fr outlook.com.br bol.com.br uol.com.br terra.com.br naver.com
        qq.com 163.com 126.com docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp t-online.de orange.fr
        wanadoo.fr laposte.net free.fr libero.it att.net comcast.net verizon.net sbcglobal.net bellsouth.net cox.net
        suddenlink.net""".split()
)
"""Domains under which anybody has an address; an address there speaks for nobody's company."""
