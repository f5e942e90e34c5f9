"""Tests of the AWS floor against the simulated AWS."""
