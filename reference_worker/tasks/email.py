"""Mail to users."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

from reference_worker.celery_app import app
from reference_worker.logging import get_logger, log_context
from reference_worker.settings import get_worker_settings

logger = get_logger(__name__)


class MailRefusedError(Exception):
    """The mail server was reached and did not take the mail."""


@app.task(bind=True, name="send_verification_email", max_retries=3)  # type: ignore[untyped-decorator]
def send_verification_email(
    self: Any, user_id: str, email: str, verification_token: str, tenant_id: str | None = None
) -> dict[str, str]:
    """Send a user the link that proves the address is theirs; while the mail server fails, try again later."""
    with log_context(
        user_id=user_id,
        tenant_id=tenant_id,
        operation="email.send_verification",
        email_type="verification",
        email_recipient=email,
    ):
        logger.info("Sending verification email", email=email)
        try:
            _send(_verification(email, verification_token))
        except (OSError, MailRefusedError) as fault:
            logger.warning("Verification email not sent", error=f"{type(fault).__name__}: {fault}")
            delay = get_worker_settings().retry_delay_seconds
            raise self.retry(exc=fault, countdown=delay * 2**self.request.retries) from fault
        logger.info("Verification email sent")
        return {"status": "sent", "user_id": user_id}


def _verification(recipient: str, token: str) -> EmailMessage:
    settings = get_worker_settings()
    message = EmailMessage()
    message["Subject"] = "Please confirm your address"
    message["From"] = settings.mail_sender
    message["To"] = recipient
    message.set_content(f"Follow this link to confirm:\n{settings.verification_url}?{urlencode({'token': token})}\n")
    return message


def _send(message: EmailMessage) -> None:
    settings = get_worker_settings()
    try:
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=settings.smtp_timeout_seconds) as smtp:
            smtp.send_message(message)
    except smtplib.SMTPException as fault:
        # Its own message holds the addresses; a traceback is no place for them (SAFE004).
        raise MailRefusedError(f"the mail server refused: {type(fault).__name__}") from None
