"""Tests of the search spaces."""
