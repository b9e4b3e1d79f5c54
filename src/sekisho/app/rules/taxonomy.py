"""The events that rules can be about: every logsource there is a word for, and the fields of those we know fully."""

from __future__ import annotations

from functools import cache

from sekisho import analyzers
from sekisho.detect import beacons
from sekisho.detect.lint import Known
from sekisho.model.event import Logsource
from sekisho.normalize import artifacts, mail, mailservers, windows_fields
from sekisho.normalize.windows_logsources import SERVICES

# Source: Sigma taxonomy appendix 2.1 and the folders of the SigmaHQ rules of April 2026.
CATEGORIES = {
    "": "antivirus database dns firewall mailflow proxy tls webserver",
    "linux": "file_event file_delete network_connection process_creation process_termination raw_access_thread",
    "macos": "file_event network_connection process_creation",
    "windows": "file_access file_change file_delete file_event file_rename registry_event create_remote_thread "
    "file_executable_detected process_access ps_classic_provider_start ps_classic_script ps_classic_start "
    "ps_module ps_script",
    "django": "application",
    "jvm": "application",
    "kubernetes": "application",
    "nodejs": "application",
    "opencanary": "application",
    "paloalto": "appliance file_event",
    "python": "application",
    "rpc_firewall": "application",
    "ruby_on_rails": "application",
    "spring": "application",
    "sql": "application",
    "velocity": "application",
    "email": "message attachment url mailflow smtp mailserver",
    "imap": "authentication session mailbox",
    "network": "beacon",
    "shop": "order",
    "browser": "csp_violation",
    "trend": "detection",
}
"""Categories by product; the empty product stands for any."""

PRODUCT_SERVICES = {
    "": "apache nginx",
    "aws": "cloudtrail guardduty route53 s3 vpcflow",
    "azure": "activitylogs auditlogs microsoft365portal pim riskdetection signinlogs",
    "bitbucket": "audit",
    "cisco": "aaa accounting bgp duo ldp syslog",
    "fortigate": "event traffic utm",
    "fortios": "sslvpnd",
    "gcp": "gcp.audit google_workspace.admin google_workspace.login",
    "github": "audit",
    "huawei": "bgp",
    "juniper": "bgp",
    "kubernetes": "audit",
    "linux": "auditd auth clamav cron guacamole modsecurity sshd sudo syslog vsftpd",
    "m365": "audit emailattachmentinfo emailurlinfo exchange identitylogon threat_detection threat_management",
    "okta": "okta",
    "onelogin": "onelogin.events",
    "paloalto": "globalprotect",
    "zeek": "conn dce_rpc dns dnp3 files ftp gquic http http2 intel irc kerberos known_certs known_hosts known_modbus "
    "known_services modbus modbus_register_change mqtt_connect mqtt_publish mqtt_subscribe mysql notice ntlm ntp "
    "ocsp pe pop3 radius rdp rfb sip smb_files smb_mapping smtp smtp_links snmp socks software ssh ssl tls syslog "
    "traceroute tunnel weird x509",
    "suricata": "alert anomaly dns fileinfo flow http smtp tls",
    "exchange": "httpproxy ecp ews imap4 message_tracking oabgenerator",
    "windows": "amsi kernel-file",
}
"""Services by product that Windows channels do not name."""


@cache
def known() -> Known:
    """Give what is known of events, for the rule checker."""
    found = {
        *(Logsource(product, category) for product, words in CATEGORIES.items() for category in words.split()),
        *(Logsource(product, "", service) for product, words in PRODUCT_SERVICES.items() for service in words.split()),
        *(Logsource("windows", "", service) for service in SERVICES.values()),
        # Rules that name all three: the category's events in one service's log.
        Logsource("kubernetes", "application", "audit"),
        Logsource("paloalto", "appliance", "globalprotect"),
        Logsource("paloalto", "file_event", "globalprotect"),
    }
    windows = windows_fields.known_fields()
    return Known(
        frozenset({*found, *windows_fields.known_logsources(), *windows}),
        {**windows, **_mail_fields(), **_mail_server_fields(), beacons.BEACON: frozenset(beacons.FIELDS)},
    )


def _mail_fields() -> dict[Logsource, frozenset[str]]:
    """Give the fields of mails and files: what every one has, and every feature that an analyser declares."""
    features = frozenset(name for one in analyzers.load().values() for name in one.features)
    return {
        artifacts.MESSAGE: features | frozenset((*artifacts.MESSAGE_FIELDS, *mail.fields())),
        artifacts.ATTACHMENT: features | frozenset(artifacts.ATTACHMENT_FIELDS),
        artifacts.URL: frozenset(artifacts.URL_FIELDS),
    }


def _mail_server_fields() -> dict[Logsource, frozenset[str]]:
    """Give the fields of mail servers' logs."""
    return {logsource: frozenset(names) for logsource, names in mailservers.FIELDS.items()}
