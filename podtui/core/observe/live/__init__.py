"""Keeps a snapshot true: death watch, file hints, rescans."""
