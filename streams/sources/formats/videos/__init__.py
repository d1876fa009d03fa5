"""Videos and comments of TikTok and YouTube."""
