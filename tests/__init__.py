"""Tests of listing-sync; tests/stack/ is the local stack that they and the demo run on."""
