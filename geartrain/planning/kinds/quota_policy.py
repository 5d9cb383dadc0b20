"""Quota policies."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.planning.quotas.policy import QuotaPolicy

KIND = Kind("quota_policy", Envelope[QuotaPolicy], "How a goal is handed down the hierarchy as quotas.")
