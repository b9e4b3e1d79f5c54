"""Brands that mails pretend to come from: how their names are written, and which domains are really theirs.

A name is safe to look for in text only where it is no ordinary word. Names that are one (``Apple``, ``Chase``, ``UPS``)
stand behind a ``~``: they count only as the whole of a sender's name, or beside words that go with any brand's name
(``Apple Support``), never alone in text.

Source: the brands that phishing reports of 2021 to 2025 name most (Check Point "Brand Phishing Report", Cloudflare
"50 most impersonated brands", Anti-Phishing Council Japan monthly reports, Febraban and Correios warnings); domains
from each owner's own pages on genuine senders and sign-in addresses. as_of: 2025-06.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sekisho.model.registered import registered_domain


@dataclass(frozen=True, slots=True)
class Brand:
    """One brand."""

    id: str
    names: tuple[str, ...]
    """Lower case, NFKC; no ordinary words."""
    words: tuple[str, ...]
    """Names that are ordinary words as well, lower case."""
    domains: frozenset[str]
    """Registered domains, and hosts below which nobody else publishes."""
    labels: frozenset[str]
    """Second-level labels that the owner holds under the country domains of the world."""


# id | names, ~words | domains (``label.*``: under any country's domain)
_TABLE = """
amazon | amazon, amazon prime, amazon pay, アマゾン, aws console, amazon web services | amazon.* amazon.com
  media-amazon.com ssl-images-amazon.com awsstatic.com primevideo.com audible.com aws.dev amazonpay.com awscloud.com
apple | apple id, apple pay, apple store, apple inc, icloud, itunes, app store, apple music, ~apple, ~アップル |
  apple.com icloud.com me.com itunes.com mzstatic.com apple.co cdn-apple.com apple-cloudkit.com
microsoft | microsoft, マイクロソフト, office 365, office365, microsoft 365, m365, o365, onedrive, sharepoint, outlook
  web app, microsoft teams, outlook team, outlook 365, windows defender, microsoft defender, ms teams, hotmail,
  ~outlook, ~teams, ~office, ~azure | microsoft.com office.com office365.com office.net live.com live.net outlook.com
  hotmail.com msn.com microsoftonline.com sharepoint.com sharepointonline.com windows.com xbox.com skype.com
  onedrive.com azure.com 1drv.ms aka.ms msftauth.net msauth.net visualstudio.com microsoft365.com cloud.microsoft
  linkedin.com github.com dynamics.com yammer.com microsoftstream.com s-microsoft.com
google | google, グーグル, gmail, google drive, google docs, google play, google workspace, google pay, google ads,
  youtube | google.* google.com gmail.com googlemail.com youtube.com youtu.be goo.gl g.co gstatic.com withgoogle.com
  googleblog.com android.com google.dev googleadservices.com ggpht.com ytimg.com forms.gle g.page chrome.com goo.gle
facebook | facebook, フェイスブック, meta business, meta support, meta ads, meta for business, meta platforms, ~meta |
  facebook.com fb.com facebookmail.com meta.com fbcdn.net fb.me metamail.com workplace.com fbsbx.com
instagram | instagram, インスタグラム, ~ig | instagram.com cdninstagram.com facebook.com facebookmail.com fb.com
  meta.com ig.me
whatsapp | whatsapp | whatsapp.com whatsapp.net wa.me facebook.com meta.com
x | twitter, ツイッター | twitter.com x.com t.co twimg.com
linkedin | linkedin, リンクトイン | linkedin.com licdn.com lnkd.in
tiktok | tiktok, ティックトック | tiktok.com tiktokcdn.com tiktokv.com byteoversea.com
telegram | telegram messenger, telegram premium, ~telegram | telegram.org t.me telegram.me
netflix | netflix, ネットフリックス | netflix.com nflxext.com nflximg.net nflxso.net
spotify | spotify | spotify.com scdn.co
disney | disney+, disney plus, ディズニープラス | disneyplus.com disney.com disney.co.jp go.com
paypal | paypal, ペイパル | paypal.com paypal.* paypalobjects.com paypal-communication.com paypal-corp.com xoom.com
  venmo.com paypal.me
ebay | ebay | ebay.com ebay.* ebaystatic.com ebayimg.com ebaydesc.com
walmart | walmart | walmart.com walmartimages.com walmart.ca
costco | costco, costco wholesale | costco.com costco.ca costco.co.uk costco.co.jp
samsclub | sam's club, sams club | samsclub.com walmart.com
homedepot | home depot, the home depot | homedepot.com
lowes | lowe's, lowes home improvement | lowes.com
harborfreight | harbor freight | harborfreight.com
alibaba | alibaba, aliexpress | alibaba.com aliexpress.com alibabagroup.com alicdn.com aliyun.com
shopify | shopify | shopify.com myshopify.com
booking | booking.com | booking.com bstatic.com
airbnb | airbnb | airbnb.com airbnb.* muscache.com
docusign | docusign, docu sign, ドキュサイン | docusign.com docusign.net docusign.co.jp
adobe | adobe sign, adobe acrobat, adobe document cloud, acrobat sign, adobe, アドビ | adobe.com adobesign.com
  echosign.com adobe.io acrobat.com typekit.net behance.net
dropbox | dropbox, dropbox sign, hellosign, ドロップボックス | dropbox.com dropboxmail.com hellosign.com db.tt
  dropboxstatic.com dropbox.tech
wetransfer | wetransfer, we transfer | wetransfer.com we.tl wetransfer.net
box | box.com | box.com box.net boxcloud.com
zoom | zoom video, zoom meeting, zoom cloud meetings, zoom.us, ~zoom | zoom.us zoom.com zoomgov.com
slack | ~slack | slack.com slack-edge.com
webex | webex, cisco webex | webex.com cisco.com
godaddy | godaddy, go daddy | godaddy.com secureserver.net
cloudflare | cloudflare | cloudflare.com
namecheap | namecheap | namecheap.com
cpanel | cpanel, roundcube, zimbra, webmail admin, webmail support | cpanel.net roundcube.net zimbra.com synacor.com
protonmail | protonmail, proton mail, ~proton | proton.me protonmail.com protonmail.ch protonvpn.com
yahoo | yahoo mail, yahoo! mail, yahoo account, yahoo inc, ymail | yahoo.com yahoo.net yahooinc.com ymail.com yimg.com
  aol.com yahoo.*
aol | aol mail, ~aol | aol.com yahoo.com yahooinc.com
att | at&t | att.com att.net att-mail.com sbcglobal.net bellsouth.net
verizon | verizon, verizon wireless | verizon.com verizonwireless.com vzw.com
tmobile | t-mobile | t-mobile.com t-mobile.* telekom.de
comcast | xfinity, comcast | xfinity.com comcast.com comcast.net
telekom | deutsche telekom, telekom deutschland | telekom.de telekom.com t-online.de magenta.de
vodafone | vodafone | vodafone.com vodafone.* vodafone.co.uk
orange | orange s.a., ~orange | orange.fr orange.com orange.*
norton | ~norton, nortonlifelock, norton 360, norton lifelock, norton antivirus, lifelock | norton.com
  nortonlifelock.com lifelock.com gendigital.com symantec.com
mcafee | mcafee, マカフィー | mcafee.com
geeksquad | geek squad, geeksquad, ~best buy | geeksquad.com bestbuy.com bestbuy.ca
avast | avast | avast.com avg.com gendigital.com
kaspersky | kaspersky, カスペルスキー | kaspersky.com kaspersky.*
dhl | dhl, dhl express, dhl paket | dhl.com dhl.* deutschepost.de dpdhl.com dhlparcel.nl dhlecs.com
fedex | fedex, フェデックス | fedex.com
ups | united parcel service, ups express, ups delivery, ups tracking, ups my choice, ups quantum view, ~ups | ups.com
  upsemail.com upsmail.com theupsstore.com
usps | usps, united states postal service, us postal service, u.s. postal service | usps.com usps.gov
  uspsinformeddelivery.com
royalmail | royal mail | royalmail.com
evri | evri, ~hermes | evri.com myhermes.co.uk hermesworld.com
dpd | dpd | dpd.com dpd.* dpd.co.uk dpdgroup.co.uk dpdlocal.co.uk geopost.com
gls | gls group, gls italy, gls parcel, ~gls | gls-group.com gls-group.eu gls-italy.com gls-pakete.de
laposte | la poste, laposte, colissimo, chronopost | laposte.fr colissimo.fr chronopost.fr laposte.net laposte.info
  labanquepostale.fr
postnl | postnl | postnl.nl postnl.be
bpost | bpost | bpost.be
correos | correos españa, correos express, ~correos | correos.es correosexpress.com
posteitaliane | poste italiane, postepay, bancoposta | poste.it posteitaliane.it
canadapost | canada post, postes canada | canadapost.ca canadapost-postescanada.ca
auspost | australia post, auspost | auspost.com.au
postat | österreichische post | post.at
swisspost | swiss post, die schweizerische post, ~swisspass | post.ch swisspost.ch swisspass.ch sbb.ch
correios | correios | correios.com.br
irs | internal revenue service, irs gov, irs.gov, ~irs | irs.gov treasury.gov
ssa | social security administration | ssa.gov
hmrc | hmrc, hm revenue | hmrc.gov.uk gov.uk
nhs | nhs test and trace, nhs covid pass, ~nhs | nhs.uk nhs.net gov.uk
dvla | dvla | dvla.gov.uk gov.uk
who | world health organization, world health organisation, ~who | who.int
medicare | medicare | medicare.gov cms.gov hhs.gov
ato | australian taxation office, mygov australia, ~mygov | ato.gov.au my.gov.au
cra | canada revenue agency | canada.ca cra-arc.gc.ca
receita | receita federal, gov.br, ~irpf | gov.br fazenda.gov.br
detran | detran, ~cnh | gov.br
serasa | serasa | serasa.com.br serasaexperian.com.br
impots | impots.gouv, dgfip, ameli.fr, assurance maladie | gouv.fr ameli.fr
elster | elster online, bundeszentralamt für steuern | elster.de bund.de bzst.de
adac | adac | adac.de
wellsfargo | wells fargo, wellsfargo | wellsfargo.com wf.com
chase | chase bank, chase online, jpmorgan chase, j.p. morgan, chase card services, ~chase | chase.com jpmorgan.com
  jpmorganchase.com
bofa | bank of america, bankofamerica, merrill lynch | bankofamerica.com bofa.com ml.com
citi | citibank, citigroup, citi card, ~citi | citi.com citibank.com citibankonline.com
capitalone | capital one | capitalone.com capitaloneemail.com
usbank | u.s. bank, us bank, usbank | usbank.com
amex | american express, amex, アメリカン・エキスプレス, アメックス | americanexpress.com aexp.com aexp-static.com
  americanexpress.co.jp amex.com
visa | visaカード, ~visa | visa.com visa.* visa.co.jp
mastercard | mastercard, マスターカード | mastercard.com mastercard.* mastercard.us
discover | discover card, discover bank, ~discover | discover.com discovercard.com
zelle | zelle | zellepay.com zelle.com
cashapp | cash app, cashapp, square cash | cash.app square.com squareup.com
venmo | venmo | venmo.com paypal.com
westernunion | western union, moneygram | westernunion.com moneygram.com wu.com
usaa | usaa | usaa.com
navyfederal | navy federal | navyfederal.org
intuit | quickbooks, turbotax, intuit | intuit.com quickbooks.com turbotax.com
hsbc | hsbc | hsbc.com hsbc.* hsbc.co.uk
barclays | barclays, barclaycard | barclays.com barclays.co.uk barclaycard.co.uk barclaycardus.com
lloyds | lloyds bank | lloydsbank.com lloydsbank.co.uk lloydsbankinggroup.com
natwest | natwest | natwest.com rbs.co.uk
santander | santander | santander.com santander.* santander.com.br santander.co.uk santanderbank.com santander.es
bbva | bbva | bbva.com bbva.* bbva.es bbva.mx
caixabank | caixabank, ~la caixa | caixabank.es caixabank.com
ing | ing direct, ing bank, ing-diba, ~ing | ing.com ing.* ing.nl ing.de ing.be
rabobank | rabobank, abn amro | rabobank.nl rabobank.com abnamro.nl abnamro.com
deutschebank | deutsche bank, commerzbank, postbank | deutsche-bank.de db.com commerzbank.de postbank.de
sparkasse | sparkasse, s-pushtan | sparkasse.de sparkassen.de sparkasse.at sparkasse-finanzportal.de
volksbank | volksbank, volksbanken, vr-banking, vr bank, raiffeisen | vr.de volksbank.de raiffeisen.ch raiffeisen.at
  rbinternational.com
klarna | klarna | klarna.com
creditagricole | crédit agricole, credit agricole, société générale, bnp paribas | credit-agricole.fr
  societegenerale.fr sg.fr bnpparibas.com bnpparibas.net mabanque.bnpparibas
intesa | intesa sanpaolo, unicredit | intesasanpaolo.com unicredit.it unicredit.eu
revolut | revolut | revolut.com
wise | transferwise, wise transfer, ~wise | wise.com transferwise.com
n26 | n26 | n26.com
anz | commonwealth bank, westpac, ~anz, ~nab | commbank.com.au anz.com anz.co.nz nab.com.au westpac.com.au
rbc | rbc royal bank, td bank, scotiabank, bmo bank, interac | rbc.com rbcroyalbank.com td.com tdbank.com
  scotiabank.com bmo.com interac.ca
bradesco | bradesco, banco bradesco, bradesco prime, bradesco cartões | bradesco.com.br bradesco
  bradescocartoes.com.br bradescoseguros.com.br
itau | itaú, itau, itaucard, banco itaú, iupp | itau.com.br itau-unibanco.com.br itaucard.com.br itau iupp.com.br
nubank | nubank | nubank.com.br nu.bank
bb | banco do brasil, ~bb | bb.com.br bancobrasil.com.br ourocard.com.br
caixa | caixa econômica, caixa economica, caixa tem, ~caixa | caixa.gov.br caixa.com.br
inter | banco inter, c6 bank, picpay, mercado pago, pagbank, pagseguro | bancointer.com.br inter.co c6bank.com.br
  picpay.com mercadopago.com.br mercadopago.com pagseguro.com.br pagbank.com.br uol.com.br mercadolivre.com.br
livelo | livelo, ~esfera, smiles fidelidade, latam pass | livelo.com.br esfera.com.vc smiles.com.br latam.com
  latampass.com latamairlines.com
mercadolivre | mercado livre, mercadolivre, mercado libre, mercadolibre | mercadolivre.com.br mercadolivre.com
  mercadolibre.com mercadolibre.* mlstatic.com mercadopago.com mercadopago.com.br
magalu | magazine luiza, magalu, casas bahia, lojas americanas | magazineluiza.com.br magalu.com magalu.com.br
  casasbahia.com.br americanas.com.br americanas.com
ifood | ifood | ifood.com.br
coinbase | coinbase | coinbase.com cb.com
metamask | metamask, meta mask | metamask.io consensys.net consensys.io infura.io
ledger | ledger live, ledger nano, ledger wallet, ledger support, ledger recovery, ~ledger | ledger.com
  ledgerwallet.com
trustwallet | trust wallet, trustwallet | trustwallet.com
trezor | trezor | trezor.io satoshilabs.com
binance | binance, bnb chain, bnb smart chain | binance.com binance.org binance.us bnbchain.org bnbstatic.com
blockchain | blockchain.com, blockchain wallet | blockchain.com blockchain.info
kraken | kraken exchange, ~kraken | kraken.com
cryptocom | crypto.com | crypto.com
kucoin | kucoin, bitfinex, bybit, okx, gate.io | kucoin.com bitfinex.com bybit.com okx.com gate.io
uniswap | uniswap, pancakeswap, opensea, phantom wallet, exodus wallet, walletconnect | uniswap.org
  pancakeswap.finance opensea.io phantom.app phantom.com exodus.com walletconnect.com walletconnect.org
ripple | ripple labs, xrp ledger, ripple team, ripple xrp, ~ripple | ripple.com xrpl.org
ethereum | ethereum foundation, ethereum.org, ~ethereum | ethereum.org
tether | tether team, tether usdt, ~tether | tether.to
rakuten | rakuten, 楽天市場, 楽天カード, 楽天銀行, 楽天グループ, 楽天会員, 楽天トラベル, 楽天モバイル, 楽天ペイ,
  楽天e-navi, ~楽天 | rakuten.co.jp rakuten.com rakuten-card.co.jp rakuten-bank.co.jp rakuten-sec.co.jp r10s.jp
  rakuten.ne.jp rakuten.jp rakuten-bank.net mail.rakuten.co.jp
rakutensec | 楽天証券 | rakuten-sec.co.jp rakuten.co.jp rakuten-sec.net
sbisec | sbi証券, sbi 証券 | sbisec.co.jp sbigroup.co.jp
nomura | 野村證券, 野村証券, 大和証券, マネックス証券, 松井証券, smbc日興証券, 三菱ufjモルガン・スタンレー証券,
  三菱ufjスマート証券, auカブコム証券 | nomura.co.jp nomura.com daiwa.jp daiwa.co.jp monex.co.jp matsui.co.jp
  smbcnikko.co.jp sc.mufg.jp kabu.com kabu.co.jp
yamato | ヤマト運輸, クロネコヤマト, クロネコメンバーズ, 宅急便, kuroneko yamato | kuronekoyamato.co.jp
  yamatofinancial.jp yamato-hd.co.jp
sagawa | 佐川急便, sagawa express | sagawa-exp.co.jp e-service.sagawa-exp.co.jp sg-hldgs.co.jp
japanpost | 日本郵便, 日本郵政, 郵便局, ゆうパック, japan post | japanpost.jp post.japanpost.jp japanpost.co.jp
yucho | ゆうちょ銀行, ゆうちょダイレクト, ゆうちょ | jp-bank.japanpost.jp japanpost.jp
etax | e-tax, etax, 国税庁, 国税電子申告, 税務署 | nta.go.jp e-tax.nta.go.jp go.jp
etc | etc利用照会サービス, etcマイレージサービス, etc利用照会 | etc-meisai.jp smile-etc.jp etc-user.jp
ekinet | えきねっと, jr東日本, ビューカード, viewカード, モバイルsuica, スマートex, エクスプレス予約 | eki-net.com
  jreast.co.jp jrepoint.jp viewsnet.jp mobilesuica.com expy.jp jr-central.co.jp eki-net.jp
smbccard | 三井住友カード, 三井住友visa, vpass, smbc card | smbc-card.com vpass.ne.jp smbc.co.jp contact.vpass.ne.jp
smbc | 三井住友銀行, smbcダイレクト, 三井住友ダイレクト, ~smbc | smbc.co.jp smbcgroup.com smbc-card.com
  smbcnikko.co.jp
mufg | 三菱ufj銀行, 三菱ufj, 三菱ufjニコス, ufjカード, mufgカード, ~mufg | mufg.jp bk.mufg.jp cr.mufg.jp mun.jp
  tr.mufg.jp
mizuho | みずほ銀行, みずほダイレクト, みずほフィナンシャル | mizuhobank.co.jp mizuho-fg.co.jp mizuho-fg.com
jbanks | りそな銀行, 住信sbiネット銀行, 横浜銀行, 千葉銀行, イオン銀行, paypay銀行, ソニー銀行, auじぶん銀行,
  セブン銀行, 新生銀行, sbi新生銀行, 福岡銀行, 常陽銀行, 労働金庫 | resonabank.co.jp resona-gr.co.jp netbk.co.jp
  boy.co.jp chibabank.co.jp aeonbank.co.jp paypay-bank.co.jp sonybank.jp sonybank.net jibunbank.co.jp sevenbank.co.jp
  shinseibank.com sbishinseibank.co.jp fukuokabank.co.jp joyobank.co.jp rokin.or.jp
jcb | jcbカード, my jcb, myjcb, マイジェーシービー, ~jcb | jcb.co.jp my.jcb.co.jp jcb.jp
epos | エポスカード, エポスnet, ~エポス | eposcard.co.jp 01epos.jp
aeon | イオンカード, イオンスクエア, aeon card, 暮らしのマネーサイト, ~イオン, ~aeon | aeon.co.jp aeoncard.co.jp
  aeonbank.co.jp aeon.info aeonsquare.net aeonfinancial.co.jp
saison | セゾンカード, クレディセゾン, ucカード, セゾンnetアンサー, netアンサー, ~セゾン | saisoncard.co.jp
  uccard.co.jp a-q-f.com saisoncard.jp
orico | オリコカード, オリコ, eオリコ, アプラス, ライフカード, セディナ, ジャックス, ポケットカード, tsキュービック,
  dカード | orico.co.jp orico.jp aplus.co.jp lifecard.co.jp cedyna.co.jp jaccs.co.jp pocketcard.co.jp tscubic.com
  d-card.jp docomo.ne.jp smbc-card.com
mercari | メルカリ, メルペイ, mercari, ラクマ | mercari.com mercari.jp merpay.com fril.jp rakuten.co.jp
paypay | paypay | paypay.ne.jp paypay.jp paypay-card.co.jp paypay-bank.co.jp paypay-corp.co.jp paypay-sec.co.jp
docomo | nttドコモ, ドコモ, docomo, dアカウント, d払い, マイドコモ | docomo.ne.jp nttdocomo.co.jp nttdocomo.com
  docomo-cs.com smt.docomo.ne.jp d-card.jp dpoint.jp
au | au pay, au id, au paymarket, auペイ, kddi, auかんたん決済, auウォレット, ~au | au.com kddi.com auone.jp
  au.wowma.jp aupay.wallet.auone.jp ezweb.ne.jp kddi.co.jp uqwimax.jp povo.jp
softbank | ソフトバンク, softbank, ワイモバイル, my softbank | softbank.jp softbank.ne.jp ymobile.jp softbank.co.jp
  linemo.jp
line | line pay, lineアカウント, line公式, line安全, ~line | line.me line-apps.com linecorp.com lycorp.co.jp
  line-scdn.net
yahoojp | yahoo! japan, yahoo!japan, yahoo japan, ヤフー, yahoo!ショッピング, yahoo!オークション, yahoo!ウォレット |
  yahoo.co.jp yahoo-mbga.jp yimg.jp yahoofs.jp lycorp.co.jp mail.yahoo.co.jp
biglobe | biglobe, ocnメール, so-net, @nifty, ニフティ, さくらインターネット, plala, ぷらら | biglobe.ne.jp
  biglobe.co.jp ocn.ne.jp ntt.com so-net.ne.jp nifty.com nifty.co.jp sakura.ad.jp sakura.ne.jp plala.or.jp
mynumber | マイナポイント, マイナンバー, マイナポータル, デジタル庁 | myna.go.jp mynumbercard.go.jp
  mynumbercard.point.soumu.go.jp soumu.go.jp digital.go.jp kojinbango-card.go.jp go.jp j-lis.go.jp
mhlw | 厚生労働省, 総務省, 日本年金機構, 国民健康保険, 特別定額給付金 | mhlw.go.jp soumu.go.jp nenkin.go.jp go.jp
jutility | 東京電力, tepco, 東京ガス, 関西電力, くらしtepco, 東京都水道局, 水道局, ~nhk, nhkプラス, 大阪ガス, 中部電力
  | tepco.co.jp tepco-ep.co.jp kurashi.tepco.co.jp tokyo-gas.co.jp kepco.jp kepco.co.jp tokyo.lg.jp nhk.or.jp nhk.jp
  osakagas.co.jp chuden.co.jp chuden.jp
jal | jalマイレージ, jalカード, 日本航空, anaマイレージ, 全日空 | jal.co.jp jal.com ana.co.jp 121.co.jp
jretail | ヨドバシ, ビックカメラ, ユニクロ, セブンイレブン, ファミリーマート, コストコ, zozotown, ニトリ, イオンモール
  | yodobashi.com biccamera.com biccamera.co.jp uniqlo.com sej.co.jp 7-eleven.co.jp family.co.jp costco.co.jp zozo.jp
  zozo.com nitori-net.jp nitori.co.jp aeon.co.jp
nintendo | nintendo, 任天堂 | nintendo.com nintendo.co.jp nintendo.net nintendo.jp
playstation | playstation, プレイステーション | playstation.com sony.com sonyentertainmentnetwork.com
steam | steam guard, steam support, steam account, ~steam | steampowered.com steamcommunity.com steamgames.com
  valvesoftware.com
roblox | roblox, fortnite, epic games | roblox.com epicgames.com
github | github | github.com githubusercontent.com githubassets.com
indeed | indeed.com, ~indeed | indeed.com indeedemail.com
lufthansa | lufthansa | lufthansa.com miles-and-more.com
shein | shein, temu | shein.com temu.com
sephora | sephora | sephora.com sephora.*
edeka | edeka, lidl, aldi, rewe, kaufland, rossmann, mediamarkt | edeka.de lidl.de lidl.com lidl.* aldi.de
  aldi-nord.de aldi-sued.de aldi.* aldi.us rewe.de kaufland.de rossmann.de mediamarkt.de mediamarkt.*
decathlon | decathlon, leroy merlin, carrefour, auchan | decathlon.com decathlon.* leroymerlin.fr carrefour.fr
  carrefour.com auchan.fr
openai | openai, chatgpt | openai.com chatgpt.com oaiusercontent.com
walgreens | walgreens, cvs pharmacy, ace hardware, rite aid | walgreens.com cvs.com acehardware.com riteaid.com
insurers | state farm, geico, carshield, allianz | statefarm.com geico.com carshield.com allianz.com allianz.*
  allianz.de
hotels | marriott, marriott bonvoy, hilton honors, hilton hotel | marriott.com marriott-email.com hilton.com
mcdonalds | mcdonald's, mcdonalds, starbucks, マクドナルド, スターバックス | mcdonalds.com mcdonalds.* mcdonalds.co.jp
  starbucks.com starbucks.co.jp
digid | digid, mijnoverheid, belastingdienst | digid.nl mijn.overheid.nl overheid.nl belastingdienst.nl
bahn | deutsche bahn, bahncard | bahn.de deutschebahn.com bahn.com
ozon | 1&1 ionos, ionos, strato ag | ionos.com ionos.* ionos.de strato.de 1und1.de
"""
_NO_COUNTRY = frozenset("tk ml ga cf gq cc ws pw to me co io tv ly la su st sh ai gg vc im nu".split())
"""Country domains that anybody in the world registers under: a brand's label below one proves nothing."""

# Words that go with any brand's name in a sender's name, so that the brand's remains when they are taken away.
BESIDE = frozenset(
    """account accounts admin administrator alert alerts app billing bank by care center centre client com customer
    customers delivery department dept desk email express for from help helpdesk id inc info information internet
    it limited llc ltd mail message messages net no noreply not notice notification notifications notify of official
    online order orders parcel payment payments prime privacy pro protection refund reply reward rewards s secure
    document documents drive electronic esignature fax file files share shared sharing signature signatures voice
    voicemail security service services shipping shop sign store subscription support survey system team tech the
    tracking update updates upgrade us user verification verify via wallet winner your member members membership
    kundenservice kundendienst sicherheit service-team nachricht von gutschein de ultimo aviso hinweis bonus
    rewards equipo soporte servicio suporte atendimento equipe assistance
    サポート サービス 事務局 カスタマー センター お客様 お知らせ 通知 公式 重要 株式会社 セキュリティ""".split()
)


@cache
def brands() -> dict[str, Brand]:
    """Give all brands by id, in the order of the table."""
    found = {}
    for line in _TABLE.replace("\n  ", " ").strip().splitlines():
        identifier, names, domains = (part.strip() for part in line.split(" | "))
        written = [name.strip() for name in names.split(",")]
        given = domains.split()
        found[identifier] = Brand(
            identifier,
            tuple(name for name in written if not name.startswith("~")),
            tuple(name[1:] for name in written if name.startswith("~")),
            frozenset(domain for domain in given if not domain.endswith(".*")),
            frozenset(domain[:-2] for domain in given if domain.endswith(".*")),
        )
    return found


def owns(brand: Brand, host: str) -> bool:
    """Tell whether a host lies in one of a brand's own domains."""
    name = host.strip(".").lower()
    if "." not in name:
        return name in brand.domains
    tail = name
    while tail:
        if tail in brand.domains:
            return True
        tail = tail.partition(".")[2]
    if not brand.labels:
        return False
    label, _, suffix = registered_domain(name).partition(".")
    last = suffix.rpartition(".")[2]
    return label in brand.labels and len(last) == 2 and last not in _NO_COUNTRY and suffix.count(".") < 2


def owners(host: str) -> frozenset[str]:
    """Give the ids of the brands that a host belongs to; several where one company has them."""
    by_domain, by_label = _index()
    found: set[str] = set()
    tail = host.strip(".").lower()
    label, _, suffix = registered_domain(tail).partition(".")
    while tail:
        found.update(by_domain.get(tail, ()))
        tail = tail.partition(".")[2]
    last = suffix.rpartition(".")[2]
    if label in by_label and len(last) == 2 and last not in _NO_COUNTRY and suffix.count(".") < 2:
        found.update(by_label[label])
    return frozenset(found)


@cache
def _index() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    by_domain: dict[str, list[str]] = {}
    by_label: dict[str, list[str]] = {}
    for brand in brands().values():
        for domain in brand.domains - SHARED:
            by_domain.setdefault(domain, []).append(brand.id)
        for label in brand.labels:
            by_label.setdefault(label, []).append(brand.id)
    return by_domain, by_label


SHARED = frozenset({"gov.br", "gov.uk", "go.jp", "gouv.fr"})
"""Suffixes of governments: two offices below one are two senders."""
