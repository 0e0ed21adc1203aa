"""Show a proof: every report is a pure function of one Proof."""
