"""survey-core under Node as the oracle: the same form and the same answers have the same outcome."""
