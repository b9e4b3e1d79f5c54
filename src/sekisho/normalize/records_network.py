"""What Zeek and Suricata write, whether Zeek's logs are tables or JSON, dotted or with underlines.

Every record of a connection has ``src_ip src_port dst_ip dst_port``, and its host is the end that lies inside. TLS
connections and certificates have a category of ours, ``tls``, with the same names for both products.

Source: Zeek, "Log Files" and the scripts' Info records; Suricata, "EVE JSON Format".
"""

from __future__ import annotations

from sekisho.normalize._product import Aliases, Product

ENDS = ("src_ip", "dst_ip")

_ZEEK_ENDS = (
    ("src_ip", "id.orig_h", "id_orig_h", "src"), ("src_port", "id.orig_p", "id_orig_p"),
    ("dst_ip", "id.resp_h", "id_resp_h", "dst"), ("dst_port", "id.resp_p", "id_resp_p", "p"),
    ("id.orig_h", "id_orig_h"), ("id.orig_p", "id_orig_p"), ("id.resp_h", "id_resp_h"), ("id.resp_p", "id_resp_p"),
)  # fmt: skip
_ZEEK_HTTP = (
    ("c-uri", "uri"), ("c-useragent", "user_agent"), ("cs-method", "method"), ("cs-host", "host"),
    ("sc-status", "status_code"), ("cs-uri", "uri"), ("cs-referrer", "referrer"), ("cs-cookie", "cookie"),
    ("sc-bytes", "response_body_len"), ("cs-bytes", "request_body_len"), ("sc-content-type", "resp_mime_types"),
)  # fmt: skip
_ZEEK_DNS = (("record_type", "qtype_name"), ("answer", "answers"))
_ZEEK_TLS = (
    ("tls.server_name", "server_name"), ("tls.version", "version"), ("tls.subject", "subject"),
    ("tls.issuer", "issuer"), ("tls.ja3", "ja3"), ("tls.ja3s", "ja3s"), ("tls.validation", "validation_status"),
    ("tls.established", "established"), ("tls.fingerprint", "cert_chain_fps", "resp_certificate_sha1"),
    ("tls.certificate", "cert_chain_fuids"),
)  # fmt: skip
_ZEEK_X509 = (
    ("tls.subject", "certificate.subject", "certificate_subject"),
    ("tls.issuer", "certificate.issuer", "certificate_issuer"),
    ("tls.fingerprint", "fingerprint"), ("tls.certificate", "id"),
    ("tls.not_before", "certificate.not_valid_before", "certificate_not_valid_before"),
    ("tls.not_after", "certificate.not_valid_after", "certificate_not_valid_after"),
    ("certificate.subject", "certificate_subject"), ("certificate.issuer", "certificate_issuer"),
    ("certificate.serial", "certificate_serial"),
)  # fmt: skip
_ZEEK_SMTP = (
    ("sender", "mailfrom"), ("recipients", "rcptto"), ("message_id", "msg_id"), ("client_name", "helo"),
    ("in_reply_to", "in_reply_to"),
)  # fmt: skip
_ZEEK_KINDS: tuple[tuple[str, str, tuple[str, ...], Aliases, str], ...] = (
    # service, category, what tells it without its name, names, derivation
    ("http", "proxy", ("method", "uri"), _ZEEK_HTTP, ""),
    ("dns", "dns", ("query", "qtype"), _ZEEK_DNS, ""),
    ("dns", "dns", ("query", "trans_id"), _ZEEK_DNS, ""),
    ("ssl", "tls", ("cipher", "established", "version"), _ZEEK_TLS, "tls"),
    ("smtp", "", ("helo", "trans_depth"), _ZEEK_SMTP, ""),
    ("dce_rpc", "", ("operation", "endpoint"), (), ""),
    ("kerberos", "", ("request_type", "cipher"), (), ""),
    ("kerberos", "", ("request_type", "client"), (), ""),
    ("ntlm", "", ("server_nb_computer_name",), (), ""),
    ("rdp", "", ("cookie", "result"), (), ""),
    ("rdp", "", ("security_protocol", "result"), (), ""),
    ("ssh", "", ("kex_alg", "client", "server"), (), ""),
    ("ftp", "", ("command", "reply_code"), (), ""),
    ("smb_files", "", ("action", "path"), (), ""),
    ("smb_files", "", ("action", "name", "size"), (), ""),
    ("smb_mapping", "", ("path", "share_type"), (), ""),
    ("notice", "", ("note", "msg"), (), ""),
    ("weird", "", ("name", "notice", "peer"), (), ""),
    ("dpd", "", ("analyzer", "failure_reason"), (), ""),
    ("conn", "firewall", ("conn_state",), (), ""),
)
_NAMES = ("_path", "@stream")
"""Where its JSON logs name the log: the streaming logs of Zeek itself, and Corelight's and HELK's."""
ZEEK = (
    *(
        Product("zeek", category, path, (name, "ts"), ((name, (path,)),), (*aliases, *_ZEEK_ENDS), derive=derive,
                ends=ENDS)
        for name in _NAMES
        for path, category, _, aliases, derive in {kind[0]: kind for kind in _ZEEK_KINDS}.values()
    ),
    *(Product("zeek", "tls", "x509", (name, "ts"), ((name, ("x509",)),), _ZEEK_X509, derive="tls") for name in _NAMES),
    *(Product("zeek", "", f"{{{name}}}", (name, "ts"), (), _ZEEK_ENDS, ends=ENDS) for name in _NAMES),
    *(
        Product("zeek", category, path, ("ts", "uid", host, *fields), (), (*aliases, *_ZEEK_ENDS), derive=derive,
                ends=ENDS)
        for path, category, fields, aliases, derive in _ZEEK_KINDS
        for host in ("id.orig_h", "id_orig_h")
    ),
    Product("zeek", "tls", "x509", ("ts", "certificate.serial"), (), _ZEEK_X509, derive="tls"),
    Product("zeek", "tls", "x509", ("ts", "certificate_serial"), (), _ZEEK_X509, derive="tls"),
    Product("zeek", "", "{_path}", ("_path", "_write_ts")),
    Product("zeek", "", "files", ("ts", "fuid", "source", "seen_bytes")),
    Product("zeek", "", "pe", ("ts", "id", "compile_ts", "machine")),
)  # fmt: skip

_SURICATA = ("event_type", "timestamp", "src_ip", "dest_ip")
_SURICATA_ENDS = (("dst_ip", "dest_ip"), ("dst_port", "dest_port"))
_SURICATA_HTTP = (
    ("c-uri", "http.url"), ("cs-uri", "http.url"), ("c-useragent", "http.http_user_agent"),
    ("cs-method", "http.http_method"), ("cs-host", "http.hostname"), ("sc-status", "http.status"),
    ("cs-referrer", "http.http_refer"), ("cs-cookie", "http.cookie"), ("sc-bytes", "http.length"),
    ("sc-content-type", "http.http_content_type"),
)  # fmt: skip
_SURICATA_DNS = (
    ("query", "dns.rrname", "dns.query.rrname", "dns.queries.rrname"),
    ("record_type", "dns.rrtype", "dns.query.rrtype", "dns.queries.rrtype"),
    ("answer", "dns.answers.rdata", "dns.rdata"),
    ("rcode_name", "dns.rcode"),
)
_SURICATA_TLS = (
    ("tls.server_name", "tls.sni"), ("tls.issuer", "tls.issuerdn"), ("tls.ja3", "tls.ja3.hash"),
    ("tls.ja3s", "tls.ja3s.hash"), ("tls.not_before", "tls.notbefore"), ("tls.not_after", "tls.notafter"),
)  # fmt: skip
_SURICATA_MAIL = (
    ("sender", "smtp.mail_from", "email.from"), ("recipients", "smtp.rcpt_to", "email.to"),
    ("subject", "email.subject"), ("message_id", "email.message_id"), ("client_name", "smtp.helo"),
    ("attachments", "email.attachment"), ("urls", "email.url"),
)  # fmt: skip
_SURICATA_FILE = (
    ("filename", "fileinfo.filename"), ("sha256", "fileinfo.sha256"), ("md5", "fileinfo.md5"),
    ("size", "fileinfo.size"), ("mime_type", "fileinfo.magic"), *_SURICATA_HTTP, *_SURICATA_MAIL,
)  # fmt: skip
_SURICATA_KINDS: tuple[tuple[str, str, Aliases, str], ...] = (
    ("http", "proxy", _SURICATA_HTTP, ""), ("dns", "dns", _SURICATA_DNS, ""), ("tls", "tls", _SURICATA_TLS, "tls"),
    ("smtp", "", _SURICATA_MAIL, ""), ("fileinfo", "", _SURICATA_FILE, ""),
    ("alert", "", (("signature", "alert.signature"), ("severity", "alert.severity"), *_SURICATA_HTTP), ""),
)  # fmt: skip
SURICATA = (
    *(
        Product("suricata", category, kind, _SURICATA, (("event_type", (kind,)),), (*aliases, *_SURICATA_ENDS),
                derive=derive, ends=ENDS)
        for kind, category, aliases, derive in _SURICATA_KINDS
    ),
    Product("suricata", "firewall", "flow", _SURICATA, (("event_type", ("flow", "netflow")),), _SURICATA_ENDS,
            ends=ENDS, time="flow.start"),
    Product("suricata", "", "{event_type}", _SURICATA, (), _SURICATA_ENDS, ends=ENDS),
    Product("suricata", "", "{event_type}", ("event_type", "timestamp", "flow_id")),
    Product("suricata", "", "stats", ("event_type", "timestamp", "stats.uptime"), (("event_type", ("stats",)),)),
)  # fmt: skip
