"""`--alerts` and `--networks`: alerts in brief, and their networks with all samples, as JSON lines."""

from dataclasses import dataclass

import msgspec

from schemas.alerts import Alert
from streams.outputs.brief_alert import brief
from streams.outputs.line_file import Lines
from streams.outputs.network_record import network_of

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class AlertSinks:
    """Where the alerts of a run go; None: nowhere."""

    alerts: Lines | None
    networks: Lines | None

    def write(self, alert: Alert) -> None:
        """Write an alert as detection raises it. It is flushed, so that a long run can be followed."""
        if self.alerts is not None:
            self.alerts.write(_encoder.encode(brief(alert)) + b"\n")
            self.alerts.flush()
        if self.networks is not None:
            self.networks.write(_encoder.encode(network_of(alert)) + b"\n")
            self.networks.flush()
