"""Tests of the AWS floor that need no server."""
