"""The models of churn, repurchase timing, spend and channel, their artefacts and their registry.

This package holds code only: fitted models are stored in MLflow. Beside the rooms stand the table
of the kinds of models, the artefact, the reader of the registry, the arms, and the CRPS, a score
of forecasts.
"""
