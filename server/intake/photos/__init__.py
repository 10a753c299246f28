"""What happens to photos and videos after they were promised: looking, parts, covering, sweeping."""
