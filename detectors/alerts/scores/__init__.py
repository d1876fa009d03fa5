"""Scores of an alert: how surely its network is coordinated, and its rank among others."""
