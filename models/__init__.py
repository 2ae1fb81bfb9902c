"""The models of churn, repurchase timing, spend and channel, their artefacts and their registry.

This package holds code only: fitted models are stored in MLflow.
"""
