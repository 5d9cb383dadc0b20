"""Compensation plans."""

from geartrain.incentives.lints import lint_plan
from geartrain.incentives.plan import CompPlan
from geartrain.incentives.reading import load_plan
from geartrain.kernel.policy import Kind

KIND = Kind("comp_plan", CompPlan, "What is paid for which results.", load=load_plan, lint=lint_plan)
