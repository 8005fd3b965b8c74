"""Simulations: schedules compared, and a study planned, before anything is paid for."""
