"""Shares by object to co-shares in their crowds and exposures; posting rhythm."""
