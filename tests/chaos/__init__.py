"""Laws under faults, crashes, stops and overlaps: docs/contract.md section 7."""
