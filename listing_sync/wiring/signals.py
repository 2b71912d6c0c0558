"""Build what tells others how a run went."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from listing_sync.ports import Trial
from listing_sync.settings import Settings

if TYPE_CHECKING:
    from listing_sync.signals.apprise_channels import AppriseChannels
    from listing_sync.signals.channels import AllChannels
    from listing_sync.signals.heartbeat import HealthchecksHeartbeat
    from listing_sync.signals.metrics_file import PrometheusFile
    from listing_sync.signals.webhook import SlackWebhook


class SignalsSent:
    """The port Signals, to the addresses and the file of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def heartbeat(self) -> HealthchecksHeartbeat:
        """Return the pings of SYNC_HEARTBEAT_URL."""
        from listing_sync.signals.heartbeat import HealthchecksHeartbeat

        url = self._settings.sync_heartbeat_url
        return HealthchecksHeartbeat(url.get_secret_value() if url else None)

    @cached_property
    def channels(self) -> AllChannels:
        """Return the addresses of SYNC_ALERT_WEBHOOK_URL and SYNC_NOTIFY_URLS."""
        from listing_sync.signals.channels import AllChannels

        return AllChannels((self._webhook, self._notified))

    @cached_property
    def _webhook(self) -> SlackWebhook:
        from listing_sync.signals.webhook import SlackWebhook

        return SlackWebhook(self._settings.webhook_urls)

    @cached_property
    def _notified(self) -> AppriseChannels:
        from listing_sync.signals.apprise_channels import AppriseChannels

        return AppriseChannels(self._settings.notify_urls)

    @cached_property
    def metrics_file(self) -> PrometheusFile:
        """Return the file of SYNC_METRICS_FILE."""
        from listing_sync.signals.metrics_file import PrometheusFile

        return PrometheusFile(self._settings.sync_metrics_file)

    def trials(self, run_id: str, text: str) -> tuple[Trial, ...]:
        """Return one message to each channel and monitor that is set."""
        return (
            *self._webhook.trials(text),
            *self._notified.trials(text),
            *self.heartbeat.trials(run_id, text),
        )
