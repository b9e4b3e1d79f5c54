from email.message import EmailMessage

import pytest

from sekisho.model.errors import ResponseError
from sekisho.respond.post import Relay, send
from tests.smtp_sink import smtp_sink


def mail():
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "soc@corp.example", "a@corp.example", "件名"
    message.set_content("本文\n")
    return message


def test_a_mail_goes_to_the_server():
    with smtp_sink() as sink:
        send(Relay("127.0.0.1", sink.port, "none", "", ""), mail())
    assert sink.mails[0]["Subject"] == "件名"
    assert sink.recipients == ["rcpt TO:<a@corp.example>"]


def test_what_is_not_taken_is_said():
    with smtp_sink() as sink:
        sink.refuses = True
        with pytest.raises(ResponseError, match="does not take the mail"):
            send(Relay("127.0.0.1", sink.port, "none", "", ""), mail())
        with pytest.raises(ResponseError, match="does not take the mail"):
            send(Relay("127.0.0.1", sink.port, "starttls", "", ""), mail())
    with pytest.raises(ResponseError):
        send(Relay("127.0.0.1", sink.port, "none", "", ""), mail())


def test_a_password_goes_over_tls_only():
    with pytest.raises(ResponseError, match="over TLS only"):
        send(Relay("mail.corp.example", 25, "none", "soc", "secret"), mail())
