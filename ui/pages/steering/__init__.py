"""Steering: a fund's figures by month, level, flow and region (pilotage)."""

from ui.pages.steering.page import router

__all__ = ["router"]
