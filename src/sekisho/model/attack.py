"""Names of ATT&CK techniques, for exports that need more than an id.

Source: MITRE ATT&CK for Enterprise, v18; names are MITRE's, used under the ATT&CK terms of use.
"""

from __future__ import annotations

_NAMES = """
T1003 OS Credential Dumping
T1005 Data from Local System
T1008 Fallback Channels
T1016 System Network Configuration Discovery
T1018 Remote System Discovery
T1021 Remote Services
T1021.002 SMB/Windows Admin Shares
T1027 Obfuscated Files or Information
T1027.002 Software Packing
T1027.006 HTML Smuggling
T1027.009 Embedded Payloads
T1027.010 Command Obfuscation
T1027.013 Encrypted/Encoded File
T1027.017 SVG Smuggling
T1029 Scheduled Transfer
T1033 System Owner/User Discovery
T1036 Masquerading
T1036.001 Invalid Code Signature
T1036.003 Rename Legitimate Utilities
T1036.005 Match Legitimate Resource Name or Location
T1036.007 Double File Extension
T1036.008 Masquerade File Type
T1047 Windows Management Instrumentation
T1048.003 Exfiltration Over Unencrypted Non-C2 Protocol
T1049 System Network Connections Discovery
T1053.005 Scheduled Task
T1055 Process Injection
T1055.012 Process Hollowing
T1056.003 Web Portal Capture
T1059 Command and Scripting Interpreter
T1059.001 PowerShell
T1059.003 Windows Command Shell
T1059.005 Visual Basic
T1059.007 JavaScript
T1068 Exploitation for Privilege Escalation
T1069.002 Domain Groups
T1070 Indicator Removal
T1070.006 Timestomp
T1071 Application Layer Protocol
T1071.001 Web Protocols
T1071.003 Mail Protocols
T1078 Valid Accounts
T1082 System Information Discovery
T1087.002 Domain Account
T1091 Replication Through Removable Media
T1095 Non-Application Layer Protocol
T1098.002 Additional Email Delegate Permissions
T1105 Ingress Tool Transfer
T1106 Native API
T1110 Brute Force
T1110.001 Password Guessing
T1110.003 Password Spraying
T1112 Modify Registry
T1114 Email Collection
T1114.002 Remote Email Collection
T1133 External Remote Services
T1135 Network Share Discovery
T1137.006 Add-ins
T1140 Deobfuscate/Decode Files or Information
T1185 Browser Session Hijacking
T1187 Forced Authentication
T1189 Drive-by Compromise
T1190 Exploit Public-Facing Application
T1203 Exploitation for Client Execution
T1204 User Execution
T1204.001 Malicious Link
T1204.002 Malicious File
T1218 System Binary Proxy Execution
T1218.001 Compiled HTML File
T1218.005 Mshta
T1218.007 Msiexec
T1218.010 Regsvr32
T1218.011 Rundll32
T1220 XSL Script Processing
T1221 Template Injection
T1482 Domain Trust Discovery
T1486 Data Encrypted for Impact
T1490 Inhibit System Recovery
T1496 Resource Hijacking
T1505.003 Web Shell
T1534 Internal Spearphishing
T1539 Steal Web Session Cookie
T1543.003 Windows Service
T1546.003 Windows Management Instrumentation Event Subscription
T1547 Boot or Logon Autostart Execution
T1547.001 Registry Run Keys / Startup Folder
T1553.005 Mark-of-the-Web Bypass
T1555.003 Credentials from Web Browsers
T1559 Inter-Process Communication
T1559.002 Dynamic Data Exchange
T1562.001 Disable or Modify Tools
T1564 Hide Artifacts
T1564.001 Hidden Files and Directories
T1564.003 Hidden Window
T1564.004 NTFS File Attributes
T1564.007 VBA Stomping
T1566 Phishing
T1566.001 Spearphishing Attachment
T1566.002 Spearphishing Link
T1566.003 Spearphishing via Service
T1566.004 Spearphishing Voice
T1567 Exfiltration Over Web Service
T1568.002 Domain Generation Algorithms
T1569.002 Service Execution
T1570 Lateral Tool Transfer
T1571 Non-Standard Port
T1573 Encrypted Channel
T1573.002 Asymmetric Cryptography
T1583.001 Domains
T1584.006 Web Services
T1587.003 Digital Certificates
T1595.002 Vulnerability Scanning
T1598 Phishing for Information
T1598.003 Spearphishing Link
T1598.004 Spearphishing Voice
T1608 Stage Capabilities
T1608.005 Link Target
T1656 Impersonation
T1657 Financial Theft
T1672 Email Spoofing
"""
NAMES = dict(line.split(" ", 1) for line in _NAMES.strip().splitlines())
"""Technique id to name; the techniques that our rules name and those that stories end in."""


def name_of(technique: str) -> str:
    """Give a technique's name, its id where it is none of ours."""
    return NAMES.get(technique, technique)


def page_of(technique: str) -> str:
    """Give the address of MITRE's page about a technique."""
    return f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/"
