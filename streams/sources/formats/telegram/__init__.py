"""Messages of Telegram."""
