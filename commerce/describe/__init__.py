"""Descriptions whose every claim is in the graph: writers, and the verifier that checks all."""

from commerce.describe.describer import Describer
from commerce.describe.records import Claim, DescribeConfig, Description, Removed
from commerce.describe.template import TemplateWriter
from commerce.describe.verify import Checked, Verifier
from commerce.describe.writers import Brief, Writer

__all__ = [
    "Brief",
    "Checked",
    "Claim",
    "DescribeConfig",
    "Describer",
    "Description",
    "Removed",
    "TemplateWriter",
    "Verifier",
    "Writer",
]
