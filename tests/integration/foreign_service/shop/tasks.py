"""What the shop does in the background."""

from celery import shared_task
from celery.utils.log import get_task_logger

logger = get_task_logger(__name__)


@shared_task
def send_receipt(order_id, email=None):
    logger.info("Sending receipt for order %s", order_id)
    if email is None:
        raise ValueError(f"order {order_id} has no address")
    logger.info("Receipt for order %s sent", order_id)


@shared_task(bind=True, max_retries=3)
def charge(self, order_id, card=None):
    logger.info("Charging order %s", order_id)
    try:
        if card is None:
            raise ConnectionError("payment provider unavailable")
    except ConnectionError as error:
        logger.warning("Charging order %s failed: %s", order_id, error)
        raise self.retry(exc=error, countdown=60) from error
    return {"order": order_id, "charged": True}


@shared_task
def nightly_report():
    logger.info("Report written")
