"""Timetables: what waves and programmes plan, what coordinators add, what each does when its time comes."""
