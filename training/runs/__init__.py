"""MLflow runs: what a training logs, the fingerprint of its data, the candidates it registers."""
