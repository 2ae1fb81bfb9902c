"""The models: churn, repurchase timing, value, channel; their artefacts and the registry's reader.

Code only. What is fitted lives in MLflow.
"""
