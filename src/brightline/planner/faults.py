"""What the planner refuses, as one error of the house's tree."""

from brightline.core.errors import BrightlineError


class PlanError(BrightlineError):
    """A plan, a data pack or a log cannot be read, or asks for what nobody can build."""
