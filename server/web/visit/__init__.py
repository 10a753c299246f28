"""A visit without the app: what stands before its form, its photos, signing it, answering what came back."""
